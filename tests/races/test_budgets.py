"""More guesses at the same moment are not more guesses."""

from django.contrib.auth.hashers import make_password

from accounts.models import RateLimit, User
from accounts.users.hashers import Argon2Hasher
from tests.support import people
from tests.support.parallel import CHALLENGE, RECOVERY, browser, fire, logged_in, pending_logins, write_down


def statuses(replies):
    return sorted(reply.status for reply in replies)


def test_lg_12_forty_wrong_codes_at_once_are_five_guesses(live_site, rounds):
    for number in rounds():
        user = people.make_user(f"user{number}")
        app = people.enrol(user)
        visitors = pending_logins(live_site, user, 4)
        wrong = app.wrong_code()

        replies = fire(live_site, [write_down(visitor, CHALLENGE, code=wrong) for visitor in visitors * 10])

        assert rounds.events("two_factor.failed").count() == 5
        assert statuses(replies) == [422] * 5 + [429] * 35


def test_bc_04_forty_wrong_recovery_codes_at_once_are_ten_guesses(live_site, rounds):
    for number in rounds():
        user = people.make_user(f"user{number}")
        people.enrol(user)
        visitors = pending_logins(live_site, user, 4)

        replies = fire(live_site, [write_down(visitor, RECOVERY, code="0" * 13) for visitor in visitors * 10])

        assert rounds.events("two_factor.failed").count() == 10
        assert statuses(replies) == [422] * 10 + [429] * 30


def test_rc_11_fifty_wrong_passwords_at_once_are_ten_guesses(live_site, rounds, alice):
    for _ in rounds():
        replies = fire(
            live_site,
            [
                write_down(browser(live_site), "/session", username="alice", password=f"wrong {index}")
                for index in range(50)
            ],
        )

        assert rounds.events("login.failed").count() == 10
        assert statuses(replies) == [422] * 10 + [429] * 40


def test_rc_11_the_right_password_among_wrong_ones_buys_no_more_guesses(live_site, rounds, alice):
    for _ in rounds():
        passwords = ["wrong password"] * 40 + [people.PASSWORD] * 5

        replies = fire(
            live_site,
            [
                write_down(browser(live_site), "/session", username="alice", password=password)
                for password in passwords
            ],
        )

        assert rounds.events("login.failed").count() == 10
        assert len(logged_in(replies)) == rounds.events("login.succeeded").count()


def test_sf7_a_network_that_failed_has_one_try_above_the_ceiling_whatever_it_sends_at_once(
    live_site, rounds, alice
):
    for _ in rounds():
        RateLimit.objects.all().delete()
        wrong = write_down(browser(live_site), "/session", username="bob", password="wrong")
        fire(live_site, [wrong])
        RateLimit.objects.filter(key="password:all::300").update(count=1000)
        RateLimit.objects.filter(key__endswith=":300").exclude(key="password:all::300").delete()

        replies = fire(
            live_site,
            [
                write_down(browser(live_site), "/session", username=f"user{index}", password="wrong")
                for index in range(20)
            ],
        )

        assert statuses(replies) == [422] + [429] * 19


def test_sf7_people_who_sign_in_at_once_all_get_in(start_site, alice):
    """In an office behind one address; with the real hash, on processes of four threads."""
    site = start_site(PASSWORD_HASHER="argon2")
    User.objects.update(password=make_password(people.PASSWORD, hasher=Argon2Hasher()))
    raws = [
        write_down(browser(site), "/session", username="alice", password=people.PASSWORD) for _ in range(24)
    ]

    assert statuses(fire(site, raws)) == [302] * 24
