"""What works once works once, however many ask for it at the same moment."""

import re
from collections import Counter

from accounts import factors
from accounts.models import Session, User
from tests.support import people
from tests.support.parallel import (
    AT_ONCE,
    CHALLENGE,
    RECOVERY,
    browser,
    fire,
    is_signed_in,
    logged_in,
    pending_logins,
    post,
    session_cookie,
    sign_in,
    write_down,
)


def verified_sessions(user):
    return Session.objects.filter(user=user, verified_at__isnull=False)


def test_rc_01_one_code_from_twenty_pending_logins_is_one_login(live_site, rounds, alice):
    app = people.enrol(alice)
    for _ in rounds():
        visitors = pending_logins(live_site, alice)
        verified_sessions(alice).delete()
        code = app.fresh_code()

        replies = fire(live_site, [write_down(visitor, CHALLENGE, code=code) for visitor in visitors])

        assert len(logged_in(replies)) == 1
        assert verified_sessions(alice).count() == 1
        assert rounds.events("login.succeeded").count() == 1


def test_rc_01_one_recovery_code_from_twenty_pending_logins_is_one_login(live_site, rounds, alice):
    app = people.enrol(alice)
    for number in rounds():
        visitors = pending_logins(live_site, alice)
        verified_sessions(alice).delete()
        code = app.codes[number]

        replies = fire(live_site, [write_down(visitor, RECOVERY, code=code) for visitor in visitors])

        assert len(logged_in(replies)) == 1
        assert verified_sessions(alice).count() == 1
        assert factors.remaining(alice) == 9 - number
        assert rounds.events("login.succeeded").count() == 1


def test_bc_16_different_recovery_codes_work_once_each(live_site, rounds):
    for number in rounds():
        user = people.make_user(f"user{number}")
        codes = people.enrol(user).codes * 2
        visitors = pending_logins(live_site, user)

        replies = fire(
            live_site,
            [write_down(visitor, RECOVERY, code=code) for visitor, code in zip(visitors, codes, strict=True)],
        )

        pairs = zip(codes, replies, strict=True)
        uses = Counter(code for code, reply in pairs if logged_in([reply]))
        assert uses
        assert max(uses.values()) == 1
        assert factors.remaining(user) == 10 - len(uses)


def test_rc_01_a_code_given_for_sudo_is_no_login_as_well(live_site, rounds, alice):
    app = people.enrol(alice)
    for _ in rounds():
        inside = sign_in(live_site, alice, app)
        Session.objects.filter(user=alice).update(proved_at=None)
        visitors = pending_logins(live_site, alice, 10)
        code = app.fresh_code()

        raws = [write_down(visitor, CHALLENGE, code=code) for visitor in visitors]
        raws += [write_down(inside, "/session/sudo", code=code, factor="app", next="/app")] * 10
        replies = fire(live_site, raws)

        assert len(logged_in(replies)) == 1
        since_sign_in = rounds.events("login.succeeded", "sudo.granted")[1:]
        assert len(since_sign_in) == 1


def test_rc_03_one_of_twenty_password_changes_wins(live_site, rounds):
    for number in rounds():
        user = people.make_user(f"user{number}")
        visitors = [sign_in(live_site, user) for _ in range(4)]
        passwords = [f"another long password {index}" for index in range(AT_ONCE)]

        replies = fire(
            live_site,
            [
                write_down(
                    visitors[index % len(visitors)],
                    "/app/settings/password",
                    password=people.PASSWORD,
                    new_password=password,
                )
                for index, password in enumerate(passwords)
            ],
        )

        winners = [index for index in range(AT_ONCE) if replies[index].location == "/app/settings/password"]
        assert len(winners) == 1
        assert rounds.events("password.changed").count() == 1
        assert User.objects.get(pk=user.pk).check_password(passwords[winners[0]])
        living = [visitor for visitor in visitors if is_signed_in(live_site, visitor.cookies)]
        assert living == []
        assert is_signed_in(live_site, session_cookie(replies[winners[0]]))


def reset_link(site, user, number):
    post(browser(site), "/account/password/forgot", email=user.email)
    text = site.wait_for_mail(user.email, number + 1).get_body(("plain",)).get_content()
    return "/account/password/reset/" + text.partition("/account/password/reset/")[2].split()[0]


def test_rc_04_one_of_twenty_uses_of_a_reset_link_wins(live_site, rounds):
    for number in rounds():
        user = people.make_user(f"user{number}")
        link = reset_link(live_site, user, 0)
        visitors = [browser(live_site) for _ in range(AT_ONCE)]
        passwords = [f"another long password {index}" for index in range(AT_ONCE)]
        for visitor in visitors:
            visitor.get(link)

        replies = fire(
            live_site,
            [
                write_down(visitor, "/account/password/reset", new_password=password)
                for visitor, password in zip(visitors, passwords, strict=True)
            ],
        )

        winners = [index for index in range(AT_ONCE) if replies[index].location == "/session"]
        assert len(winners) == 1
        assert rounds.events("password.reset").count() == 1
        assert User.objects.get(pk=user.pk).check_password(passwords[winners[0]])


def test_rc_08_one_organization_of_a_name_in_all_its_cases(live_site, rounds):
    for number in rounds():
        users = [people.make_user(f"user{number}-{index}") for index in range(4)]
        visitors = [sign_in(live_site, user) for user in users]
        name = "acmeacme" + str(number)
        spellings = [
            "".join(char.upper() if index >> bit & 1 else char for bit, char in enumerate(name))
            for index in range(AT_ONCE)
        ]

        replies = fire(
            live_site,
            [
                write_down(visitors[index % 4], "/app/organizations/new", name=spelling, email="a@b.example")
                for index, spelling in enumerate(spellings)
            ],
        )

        created = [reply.location for reply in replies if reply.status == 302]
        assert len(created) == 1
        assert created[0].lower() == f"/app/{name}"
        assert rounds.events("organization.created").count() == 1


def test_rc_08_one_account_of_a_name_in_all_its_cases(live_site, rounds):
    for number in rounds():
        name = "somebody" + str(number)
        spellings = [
            "".join(char.upper() if index >> bit & 1 else char for bit, char in enumerate(name))
            for index in range(AT_ONCE)
        ]

        replies = fire(
            live_site,
            [
                write_down(
                    browser(live_site),
                    "/account/new",
                    username=spelling,
                    email=f"person{index}@example.com",
                    password=people.PASSWORD,
                )
                for index, spelling in enumerate(spellings)
            ],
        )

        assert len([reply for reply in replies if reply.location == "/account/confirm"]) == 1
        assert User.objects.by_login(name).count() == 1
        assert rounds.events("account.created").count() == 1


def test_rc_01_sign_outs_of_one_session_are_recorded_once(live_site, rounds, alice):
    for _ in rounds():
        visitor = sign_in(live_site, alice)

        fire(live_site, [write_down(visitor, "/session/logout")] * AT_ONCE)

        assert rounds.events("login.ended").count() == 1
        assert not Session.objects.filter(user=alice).exists()


def test_d6_a_choice_that_waits_for_a_proof_is_carried_out_once(live_site, rounds, alice):
    """One browser sends the form of the proof twenty times."""
    app = people.enrol(alice)
    for _ in rounds():
        visitor = sign_in(live_site, alice, app)
        Session.objects.filter(user=alice).update(proved_at=None)
        asked = post(visitor, f"{people.TWO_FACTOR}/app/replace").location
        fields = dict(re.findall(r'name="(next|for|choice|factor)" value="([^"]*)"', visitor.get(asked).text))
        assert "choice" in fields
        code = app.fresh_code()

        replies = fire(
            live_site, [write_down(visitor, "/session/sudo", code=code, **fields) for _ in range(AT_ONCE)]
        )

        begun = [reply for reply in replies if reply.location == f"{people.TWO_FACTOR}/confirm"]
        assert len(begun) == 1
        assert rounds.events("two_factor.started").count() == 1
