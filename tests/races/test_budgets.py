"""More guesses at the same moment are not more guesses."""

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
