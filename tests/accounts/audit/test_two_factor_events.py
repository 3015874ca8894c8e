"""What is recorded and what is told: one event for each change and each proof, and its mail."""

import pytest
from django.test import Client

from accounts.models import AuditEvent
from tests.support.mails import forget_earlier_mails
from tests.support.people import (
    PASSWORD,
    TWO_FACTOR,
    Authenticator,
    enrol,
    key_on,
    make_user,
    post_password,
    sign_in,
)
from tests.support.people import start_enrolment as start
from tests.support.two_factor import HOME, SUDO, act, answer, guess_wrong, let_sudo_expire, pending, recover

pytestmark = pytest.mark.django_db(transaction=True)

CONFIRM = f"{TWO_FACTOR}/confirm"
WRONG_BACKUP_CODE = "00000-0000-0000"


# ---------------------------------------------------------------- one event each
# Each function goes up to the moment before, and returns what happens then.


def a_wrong_password(client, app):
    return post_password(Client(), app.user, "wrong")


def a_right_password(client, app):
    return post_password(Client(), app.user)


def a_right_code(client, app):
    return answer(app.waiting, app.fresh_code())


def a_wrong_code(client, app):
    return answer(app.waiting, app.wrong_code())


def an_empty_code(client, app):
    return answer(app.waiting, "")


def a_repeated_code(client, app):
    return answer(app.waiting, app.code())


def a_recovery_code(client, app):
    return recover(app.waiting, app.codes[0])


def three_wrong_codes(client, app):
    guess_wrong(app.waiting, app, 3)


def a_wrong_recovery_code(client, app):
    return recover(app.waiting, WRONG_BACKUP_CODE)


def cancelling_the_login(client, app):
    return app.waiting.post("/session/logout")


def signing_out(client, app):
    return client.post("/session/logout")


def sudo_by_code(client, app):
    return answer(client, app.fresh_code(), SUDO)


def sudo_by_wrong_code(client, app):
    return answer(client, app.wrong_code(), SUDO)


def sudo_by_recovery_code(client, app):
    return client.post(SUDO, {"code": app.codes[0], "factor": "backup-codes"})


def revealing(client, app):
    return act(client, "reveal-codes")


def renewing(client, app):
    return act(client, "renew-codes")


def beginning_to_replace(client, app):
    return act(client, "app/replace")


def disabling(client, app):
    return act(client, "disable", password=PASSWORD)


def disabling_with_a_wrong_password(client, app):
    return act(client, "disable", password="wrong")


def looking_around(client, app):
    return [client.get(page) for page in (HOME, f"{TWO_FACTOR}/disable", SUDO, "/app/settings/activity")]


def what_is_behind_sudo(client, app):
    let_sudo_expire(app.user)
    return act(client, "reveal-codes")


DONE_WHEN_ENROLLED = [
    (a_wrong_password, ["login.failed"]),
    (a_right_password, ["login.password_accepted"]),
    (a_right_code, ["login.succeeded"]),
    (a_wrong_code, ["two_factor.failed"]),
    (an_empty_code, ["two_factor.failed"]),
    (a_repeated_code, []),  # refused and not counted
    (a_recovery_code, ["login.succeeded"]),
    (a_wrong_recovery_code, ["two_factor.failed"]),
    (cancelling_the_login, ["login.ended"]),
    (signing_out, ["login.ended"]),
    (sudo_by_code, ["sudo.granted"]),
    (sudo_by_wrong_code, ["two_factor.failed"]),
    (sudo_by_recovery_code, ["sudo.granted"]),
    (revealing, ["backup_codes.revealed"]),
    (renewing, ["backup_codes.renewed"]),
    (beginning_to_replace, ["two_factor.started"]),
    (disabling, ["two_factor.disabled"]),
    (disabling_with_a_wrong_password, ["password.failed"]),
    (looking_around, []),
    (what_is_behind_sudo, []),
]


def new_events(since):
    return list(AuditEvent.objects.filter(id__gt=since).order_by("id"))


@pytest.mark.parametrize(
    ("what", "expected"), DONE_WHEN_ENROLLED, ids=lambda value: getattr(value, "__name__", "")
)
def test_i7_r58_exactly_one_event(clock, alice, app_of_alice, what, expected):
    app_of_alice.waiting = pending(alice)
    client = sign_in(alice, app_of_alice)
    last = AuditEvent.objects.latest("id").pk

    what(client, app_of_alice)

    recorded = new_events(last)
    assert [event.event for event in recorded] == expected
    for event in recorded:
        assert (event.subject, event.user_id, event.door) == ("user:alice", alice.pk, "html")
        assert event.ip == "127.0.0.1"
        assert event.request_id


def test_i7_enrolling_step_by_step(alice):
    client = sign_in(alice)
    app = Authenticator(alice, start(client))
    act(client, "cancel")
    act(client, "cancel")
    app = Authenticator(alice, start(client))
    guess_wrong(client, app, 1, CONFIRM)
    answer(client, app.code(), CONFIRM)
    act(client, "app/replace")
    new = Authenticator(alice, key_on(client.get(CONFIRM)))
    answer(client, new.code(), CONFIRM)

    assert [event.event for event in AuditEvent.objects.order_by("id")] == [
        "login.succeeded",
        "two_factor.started",
        "two_factor.cancelled",
        "two_factor.started",
        "two_factor.failed",
        "two_factor.enabled",
        "two_factor.started",
        "two_factor.replaced",
    ]


def test_r58_events_name_the_method_and_the_purpose(alice, app_of_alice):
    recover(pending(alice), app_of_alice.codes[0])
    answer(pending(alice), app_of_alice.wrong_code())

    failed = AuditEvent.objects.get(event="two_factor.failed")
    succeeded = AuditEvent.objects.filter(event="login.succeeded").latest("id")
    assert succeeded.data == {"method": "backup-codes"}
    assert failed.data == {"method": "app", "purpose": "login"}


def test_r58_an_unknown_name_is_recorded_without_what_was_typed(db):
    Client().post("/session", {"username": PASSWORD, "password": "wrong"})

    [event] = AuditEvent.objects.all()
    assert (event.event, event.subject, event.user_id) == ("login.failed", "user", None)


# ---------------------------------------------------------------- mails

DONE_WITH_MAIL = [
    (a_recovery_code, "A backup code was used"),
    (sudo_by_recovery_code, "A backup code was used"),
    (three_wrong_codes, "Wrong codes at sign-in"),
    (revealing, "Your backup codes were revealed"),
    (renewing, "Your backup codes were renewed"),
    (disabling, "Two-factor authentication is off"),
]
DONE_WITHOUT_MAIL = [
    a_wrong_code,
    a_wrong_recovery_code,
    a_wrong_password,
    a_right_password,
    a_right_code,
    sudo_by_code,
    sudo_by_wrong_code,
    beginning_to_replace,
    disabling_with_a_wrong_password,
    looking_around,
    signing_out,
    what_is_behind_sudo,
]


@pytest.fixture
def mails_after(clock, alice, app_of_alice, mailoutbox):
    """mails_after(function): the mails that come of it, in a browser that alice has used before."""

    def do(what):
        client = sign_in(alice, app_of_alice)
        app_of_alice.waiting = pending(alice, known(client))
        mailoutbox.clear()
        what(client, app_of_alice)
        return list(mailoutbox)

    return do


def known(client):
    """Another window of a browser in which somebody has signed in before."""
    other = Client()
    other.cookies["known-browser"] = client.cookies["known-browser"].value
    return other


@pytest.mark.parametrize(
    ("what", "subject"), DONE_WITH_MAIL, ids=lambda value: getattr(value, "__name__", "")
)
def test_the_owner_is_told_once(mails_after, what, subject):
    [mail] = mails_after(what)

    assert (mail.to, mail.subject) == (["alice@example.com"], subject)
    assert "127.0.0.1" in mail.body
    assert "If this wasn't you" in mail.body
    assert [kind for _content, kind in mail.alternatives] == ["text/html"]


@pytest.mark.parametrize("what", DONE_WITHOUT_MAIL, ids=lambda value: value.__name__)
def test_the_owner_is_not_bothered(mails_after, what):
    assert mails_after(what) == []


def test_lg_26_wrong_codes_are_told_once_an_hour(clock, alice, app_of_alice, mailoutbox):
    client = pending(alice)
    mailoutbox.clear()
    guess_wrong(client, app_of_alice, 5)
    clock.shift(59 * 60)
    guess_wrong(pending(alice), app_of_alice, 3)
    recover(pending(alice), WRONG_BACKUP_CODE)
    assert [mail.subject for mail in mailoutbox] == ["Wrong codes at sign-in"]

    clock.shift(60)
    guess_wrong(pending(alice), app_of_alice, 2)

    assert [mail.subject for mail in mailoutbox[1:]] == [
        "Wrong codes at sign-in (and 6 more in the last hour)"
    ]


def test_lg_26_each_owner_is_told(clock, alice, bob, app_of_alice, mailoutbox):
    app_of_bob = enrol(bob)
    mailoutbox.clear()

    guess_wrong(pending(alice), app_of_alice, 3)
    guess_wrong(pending(bob), app_of_bob, 3)

    assert [mail.to for mail in mailoutbox] == [["alice@example.com"], ["bob@example.com"]]


def test_a_sign_in_from_a_new_browser_is_told_and_from_a_known_one_not(alice, app_of_alice, mailoutbox):
    mailoutbox.clear()
    client = Client(headers={"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0"})

    sign_in(alice, app_of_alice, client)
    client.post("/session/logout")
    sign_in(alice, app_of_alice, client)

    [mail] = mailoutbox
    assert (mail.to, mail.subject) == (["alice@example.com"], "New sign-in to your account")
    assert "Firefox on Linux" in mail.body


def test_no_mail_before_the_login_is_complete(alice, app_of_alice, mailoutbox):
    mailoutbox.clear()

    client = pending(alice)
    assert mailoutbox == []
    answer(client, app_of_alice.fresh_code())

    assert [mail.subject for mail in mailoutbox] == ["New sign-in to your account"]


def test_a_browser_is_known_for_each_of_its_people(alice, bob, mailoutbox):
    client = Client()
    for user in (alice, bob, alice, bob):
        sign_in(user, client=client)
        client.post("/session/logout")

    assert [mail.to for mail in mailoutbox] == [["alice@example.com"], ["bob@example.com"]]


@pytest.mark.parametrize(
    "forge", [lambda value: "", lambda value: "x" + value, lambda value: value[:-2], str.swapcase]
)
def test_a_forged_mark_makes_no_browser_known(alice, bob, mailoutbox, forge):
    client = sign_in(alice)
    forget_earlier_mails()
    mailoutbox.clear()
    forged = Client()
    forged.cookies["known-browser"] = forge(client.cookies["known-browser"].value)

    sign_in(alice, client=forged)

    assert len(mailoutbox) == 1


def test_somebody_without_a_confirmed_address_gets_no_mail(mailoutbox):
    sign_in(make_user("newcomer", email_confirmed_at=None))

    assert mailoutbox == []


def test_mails_name_the_page_of_the_configured_site(mails_after, settings):
    settings.SITE_URL = "https://auth.example.com"

    [mail] = mails_after(revealing)

    assert f"https://auth.example.com{HOME}" in mail.body
    assert "testserver" not in mail.body
