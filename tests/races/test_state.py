"""Opposite things at the same moment: one comes first, and what is left is what the last one says."""

import pytest

from accounts import factors
from accounts.factors.backup_codes.models import BackupCodeSet
from accounts.factors.totp.models import TOTPDevice
from accounts.models import AuditEvent, OutboxMessage, Session, User
from accounts.two_factor import backup_codes
from organizations.models import Membership
from tests.races.states import CONFIRM, DELETE, DISABLE, confirmed_devices
from tests.support.organizations import found, membership_of
from tests.support.parallel import (
    AT_ONCE,
    CHALLENGE,
    RECOVERY,
    browser,
    codes_on,
    fire,
    is_signed_in,
    logged_in,
    pending_logins,
    post,
    scan,
    second_browser,
    session_cookie,
    sign_in,
    start_enrolment,
    write_down,
)
from tests.support.people import PASSWORD, TWO_FACTOR, enrol, make_user
from tests.support.waiting import wait_until

RENEW = f"{TWO_FACTOR}/renew-codes"
CODES = f"{TWO_FACTOR}/codes"


def confirmed_sets(user):
    return BackupCodeSet.objects.filter(user=user, confirmed=True)


def with_codes(replies):
    return [reply for reply in replies if reply.location == CODES]


def shown_after(site, reply):
    """Return the backup codes on the page to which this reply leads its browser."""
    visitor = browser(site)
    visitor.remember(reply)
    return codes_on(visitor.get(CODES))


# --- Enrolling ---


def test_rc_02_confirming_twenty_times_gives_one_device_one_set_of_codes_and_one_mail(live_site, rounds):
    for number in rounds():
        user = make_user(f"user{number}")
        visitor = sign_in(live_site, user)
        code = start_enrolment(visitor, user).code()

        replies = fire(live_site, [write_down(visitor, CONFIRM, code=code)] * AT_ONCE)

        assert confirmed_devices(user).count() == confirmed_sets(user).count() == 1
        assert [shown_after(live_site, reply) for reply in with_codes(replies)] == [list_of_codes(user)]
        assert rounds.events("two_factor.enabled").count() == 1
        subjects = [mail["Subject"] for mail in all_mails(live_site, user.email)]
        assert len([subject for subject in subjects if "is on" in subject or "enabled" in subject]) == 1


def all_mails(site, to):
    """The mails to this address, when none is on its way any more: they leave after the answers."""
    wait_until(lambda: not OutboxMessage.objects.filter(sent_at=None).exists(), site.log)
    return site.mails(to)


def list_of_codes(user):
    return backup_codes.factors.backup()[0].reveal(user)


def test_rc_12_two_sessions_enable_and_the_loser_is_told(live_site, rounds):
    told = []
    for number in rounds():
        user = make_user(f"user{number}")
        visitors = [sign_in(live_site, user) for _ in range(2)]
        apps = [start_enrolment(visitor, user) for visitor in visitors]
        raws = [
            write_down(visitor, CONFIRM, code=app.code()) for visitor, app in zip(visitors, apps, strict=True)
        ]

        replies = fire(live_site, raws * 10)

        assert confirmed_devices(user).count() == confirmed_sets(user).count() == 1
        [winner] = with_codes(replies)
        assert shown_after(live_site, winner) == list_of_codes(user)
        lost = 1 - replies.index(winner) % 2
        reply = post(visitors[lost], CONFIRM, code=apps[0].code())
        assert reply.location.startswith("/session")
        for reply in replies[lost::2]:
            assert (reply.location or "").startswith("/session") or "set-up has ended" in reply.text
        # Requests that come after the winner find no session; those that were on their way are told.
        told += [
            reply
            for reply in replies
            if (reply.location or "").startswith("/session") and "messages" in reply.cookies
        ]
        told += [reply for reply in replies if "set-up has ended" in reply.text]
    assert told


def test_rc_12_a_new_device_against_disabling(live_site, rounds):
    """Either it is replaced and the other browser is out, or all is gone and stays gone."""
    for number in rounds():
        user = make_user(f"user{number}")
        app = enrol(user)
        replacing, disabling = sign_in(live_site, user, app), sign_in(live_site, user, app)
        post(replacing, f"{TWO_FACTOR}/app/replace")
        new = scan(replacing, user)

        raws = [write_down(replacing, CONFIRM, code=new.code())] * 10
        raws += [write_down(disabling, DISABLE, password=PASSWORD)] * 10
        fire(live_site, raws)

        happened = list(
            rounds.events("two_factor.replaced", "two_factor.disabled").values_list("event", flat=True)
        )
        assert len(happened) == 1
        assert confirmed_devices(user).exists() == (happened == ["two_factor.replaced"])


# --- Disabling ---


def test_di_12_disabling_against_logging_in_leaves_nothing_behind(live_site, rounds):
    for number in rounds():
        user = make_user(f"user{number}")
        app = enrol(user)
        inside = sign_in(live_site, user, app)
        visitors = pending_logins(live_site, user, 12)
        code = app.fresh_code()

        raws = [write_down(visitor, CHALLENGE, code=code) for visitor in visitors[:6]]
        raws += [
            write_down(visitor, RECOVERY, code=code)
            for visitor, code in zip(visitors[6:], app.codes, strict=False)
        ]
        raws.insert(number * 3, write_down(inside, DISABLE, password=PASSWORD))
        replies = fire(live_site, raws)

        assert replies[number * 3].location == TWO_FACTOR
        assert not TOTPDevice.objects.filter(user=user).exists()
        assert not BackupCodeSet.objects.filter(user=user).exists()
        assert not User.objects.get(pk=user.pk).is_enrolled
        late = rounds.events().filter(
            pk__gt=rounds.events("two_factor.disabled").get().pk, event="login.succeeded"
        )
        assert not late.exists()
        for reply in logged_in(replies):
            assert not is_signed_in(live_site, session_cookie(reply))


def test_di_12_disabling_twenty_times_is_done_and_told_once(live_site, rounds):
    for number in rounds():
        user = make_user(f"user{number}")
        app = enrol(user)
        visitors = [sign_in(live_site, user, app) for _ in range(4)]

        fire(live_site, [write_down(visitor, DISABLE, password=PASSWORD) for visitor in visitors * 5])

        assert not TOTPDevice.objects.filter(user=user).exists()
        assert rounds.events("two_factor.disabled").count() == 1


# --- Backup codes ---


def test_rc_07_renewing_ten_times_leaves_the_set_that_was_shown_last(live_site, rounds, alice):
    app = enrol(alice)
    for _ in rounds():
        visitors = [sign_in(live_site, alice, app) for _ in range(2)]

        replies = fire(live_site, [write_down(visitor, RENEW) for visitor in visitors * 5])

        [shown] = with_codes(replies)
        assert shown_after(live_site, shown) == list_of_codes(alice)
        assert confirmed_sets(alice).count() == rounds.events("backup_codes.renewed").count() == 1


def test_rc_07_renewing_against_a_login_with_an_old_code(live_site, rounds):
    for number in rounds():
        user = make_user(f"user{number}")
        app = enrol(user)
        inside = sign_in(live_site, user, app)
        visitors = pending_logins(live_site, user, 10)

        raws = [
            write_down(visitor, RECOVERY, code=code)
            for visitor, code in zip(visitors, app.codes, strict=True)
        ]
        raws.insert(number * 2, write_down(inside, RENEW))
        replies = fire(live_site, raws)

        renewed = rounds.events("backup_codes.renewed").get()
        late = rounds.events("login.succeeded").filter(pk__gt=renewed.pk)
        assert not late.exists()
        assert factors.remaining(user) == 10
        assert shown_after(live_site, replies[number * 2]) == list_of_codes(user)


# --- Organizations ---


def test_rc_09_an_invitation_is_accepted_once_by_whom_it_is_for(live_site, rounds, alice, bob, mallory):
    visitors = [sign_in(live_site, user) for user in [bob] * 6 + [mallory] * 2]
    for number in rounds():
        name = f"acme{number}"
        owner = make_user(f"owner{number}")
        found(name, owner)
        by_address, by_name = (
            post(sign_in(live_site, owner), f"/app/{name}/settings/users/add", username=who)
            for who in (bob.email, bob.username)
        )
        assert by_address.status == by_name.status == 302
        invitations = Membership.objects.invited().filter(organization__name=name)

        fire(
            live_site,
            [
                write_down(visitor, f"/app/settings/organizations/{invitation.pk}/accept")
                for visitor in visitors
                for invitation in invitations
            ],
        )

        members = Membership.objects.active().filter(organization__name=name)
        assert sorted(members.values_list("username", flat=True)) == ["bob", f"owner{number}"]
        assert not invitations.all().exists()
        assert rounds.events("organization.invitation_accepted").count() == 1


def test_rc_09_accepting_against_declining_and_revoking(live_site, rounds, alice, bob):
    owner, *guests = (sign_in(live_site, user) for user in [alice] + [bob] * 8)
    for number in rounds():
        name = f"acme{number}"
        post(owner, "/app/organizations/new", name=name, email=alice.email)
        post(owner, f"/app/{name}/settings/users/add", username="bob")
        invitation = membership_of(bob, name)

        raws = [
            write_down(guest, f"/app/settings/organizations/{invitation.pk}/{answer}")
            for guest, answer in zip(guests, ["accept", "decline"] * 4, strict=True)
        ]
        raws += [write_down(owner, f"/app/{name}/settings/users/{invitation.pk}/remove")] * 4
        fire(live_site, raws)

        told = list(rounds.events().filter(user_id=bob.pk).values_list("event", flat=True))[1:]
        is_member = Membership.objects.active().filter(organization__name=name, user=bob).exists()
        if is_member:
            assert told == ["organization.invitation_accepted"]
        else:
            assert told[-1].rpartition(".")[2] in {
                "invitation_declined",
                "invitation_revoked",
                "member_removed",
            }


# --- Signing out ---


def things_to_do(name, user):
    """POSTs of one session that can be repeated, so that some come before a sign-out and some after."""
    return {
        "renew": [(RENEW, {})],
        "enable": [(f"{TWO_FACTOR}/app/replace", {})],
        "e-mail": [("/app/settings/profile/email", {"email": f"new-{user.username}@example.com"})],
        "invite": [
            (f"/app/{name}/settings/users/add", {"username": f"guest{number}@example.com"})
            for number in range(10)
        ],
        "contact": [
            (f"/app/{name}/settings/general", {"email": f"contact{number}@example.com"})
            for number in range(10)
        ],
        "create": [
            ("/app/organizations/new", {"name": f"{name}-{number}", "email": user.email})
            for number in range(10)
        ],
        "policy": [
            (f"/app/{name}/settings/authentication/{action}", {})
            for action in ("require-two-factor", "disable-two-factor")
        ],
    }


@pytest.mark.parametrize("what", list(things_to_do("", User())))
def test_rc_10_nothing_is_done_after_a_sign_out(live_site, rounds, what):
    for number in rounds():
        user = make_user(f"user{number}")
        app = enrol(user)
        found(f"acme{number}", user)
        visitor = sign_in(live_site, user, app)
        things = things_to_do(f"acme{number}", user)[what]
        raws = [
            write_down(visitor, *[things[index % len(things)][0]], **things[index % len(things)][1])
            for index in range(AT_ONCE)
        ]
        raws.insert(4 + number, write_down(second_browser(visitor), "/session/logout"))

        fire(live_site, raws)

        out = rounds.events("login.ended").first()
        if out is None:  # the session went on under a new key before that
            assert what == "renew"
            continue
        late = AuditEvent.objects.filter(pk__gt=out.pk, actor=f"user:{user.username}")
        assert list(late) == []
        assert not Session.objects.filter(user=user).filter(pk=out.data.get("session")).exists()


# --- The end ---


def test_f8_deleting_an_account_against_everything_else_of_it(live_site, rounds):
    """Nothing waits for something that waits for it, and nobody is left with an error of the server."""
    for number in rounds():
        user = make_user(f"user{number}")
        app = enrol(user)
        visitors = [sign_in(live_site, user, app) for _ in range(3)]
        pending = pending_logins(live_site, user, 4)
        code = app.fresh_code()

        raws = [write_down(visitor, DELETE, password=PASSWORD) for visitor in visitors]
        raws += [write_down(visitor, RENEW) for visitor in visitors]
        raws += [write_down(visitor, "/session/sudo", code=code, factor="app") for visitor in visitors]
        raws += [write_down(visitor, CHALLENGE, code=code) for visitor in pending]
        raws += [
            write_down(browser(live_site), "/session", username=user.username, password=PASSWORD)
            for _ in range(4)
        ]
        raws += [write_down(visitor, "/session/logout") for visitor in visitors[1:]]
        fire(live_site, raws)

        if rounds.events("account.deleted").exists():
            assert not User.objects.filter(pk=user.pk).exists()
            assert not Session.objects.filter(user_id=user.pk).exists()
