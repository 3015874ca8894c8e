"""The mail server and the provider of texts are away, hang, refuse, dawdle or talk nonsense (OF5)."""

import socket
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import outbox
from accounts.audit import Actor
from accounts.factors.sms.models import TextMessage
from accounts.models import OutboxMessage
from accounts.outbox import delivery
from tests.accounts.factors.sms.conftest import by_twilio, enrol_phone, twilio  # noqa: F401 - fixtures
from tests.support.mail_server import REFUSALS, MailServer, seconds
from tests.support.mails import send_by
from tests.support.people import make_user, post_password

pytestmark = pytest.mark.django_db(transaction=True)

SMTP = "django.core.mail.backends.smtp.EmailBackend"
USUAL = {"EMAIL_TIMEOUT": 1, "EMAIL_HOST_USER": "", "EMAIL_HOST_PASSWORD": "", "EMAIL_USE_TLS": False}
FOR_EVER = {"recipient for ever", "content for ever"}
SECRET = "a reason that nobody else should read"
LONGEST = 20  # seconds for one attempt, on a machine with more to do; an answer may take five


@pytest.fixture
def mail_server():
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture
def by_smtp(mail_server, settings):
    """This process sends its mails to that server, as EMAIL_URL would have it."""

    def begin(port=None, **further):
        chosen = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": port or mail_server.port} | USUAL | further
        send_by(SMTP, settings, **chosen)

    begin()
    return begin


def write(user):
    delivery.waiting.set([])
    actor = Actor.command()
    outbox.notify_address(user.email, "account_deactivated", user=user, actor=actor, reason=SECRET)
    delivery.waiting.set(None)


def due_again():
    OutboxMessage.objects.filter(sent_at=None).update(due_at=timezone.now(), claimed_until=None)


OPTIONS = {
    "no authentication": {"EMAIL_HOST_USER": "site", "EMAIL_HOST_PASSWORD": "a-password-of-the-server"},
    "no TLS": {"EMAIL_USE_TLS": True},
    "bad TLS": {"EMAIL_USE_TLS": True},
}


@pytest.mark.parametrize("mode", [*REFUSALS, "away", "hangs", "breaks off", "no TLS", "bad TLS"])
def test_of5_a_mail_that_the_server_does_not_take_waits_or_is_given_up(
    alice, mail_server, by_smtp, mode, caplog
):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    by_smtp(closed if mode == "away" else None, **OPTIONS.get(mode, {}))
    mail_server.mode = mode
    write(alice)

    for _ in range(3):
        assert seconds(lambda: call_command("run_due_work")) < LONGEST
        due_again()

    row = OutboxMessage.objects.get()
    assert row.attempts == 3
    assert row.last_error
    assert (row.sealed == "") == (mode in FOR_EVER)
    for secret in (alice.email, SECRET, "a-password-of-the-server"):
        assert secret not in caplog.text
    mail_server.mode = "takes"
    by_smtp()
    call_command("run_due_work")
    assert len(mail_server.mails) == (0 if mode in FOR_EVER else 1)


def test_of5_a_mail_server_that_dawdles_ends_the_attempt(alice, bob, mail_server, by_smtp):
    """A byte now and then keeps each read within its time-out, and would keep the whole for ever."""
    mail_server.mode = "dawdles"
    write(alice)

    assert seconds(delivery.send_due) < LONGEST

    assert OutboxMessage.objects.get().attempts == 1


def test_of5_the_folder_of_mails_is_full(alice, settings, tmp_path):
    files = "django.core.mail.backends.filebased.EmailBackend"
    send_by(files, settings, EMAIL_FILE_PATH=str(tmp_path / "full"))
    (tmp_path / "full").mkdir()
    write(alice)
    (tmp_path / "full").rmdir()
    (tmp_path / "full").symlink_to("/dev/full")

    call_command("run_due_work")

    row = OutboxMessage.objects.get()
    assert (row.attempts, row.sent_at) == (1, None)
    assert row.sealed


# ---------------------------------------------------------------- texts


@pytest.fixture
def sam(transactional_db):
    user = make_user("sam")
    enrol_phone(user)
    user.refresh_from_db()
    return user


@pytest.mark.parametrize(
    "mode", ["malformed", "empty", "page", "redirect", "elsewhere", "unauthorized", "dawdle", "away"]
)
def test_of5_a_text_that_the_provider_did_not_take_is_told_and_sent_once(
    sam,
    by_twilio,  # noqa: F811
    mode,
    settings,
    caplog,
):
    by_twilio.mode = mode
    if mode == "away":
        with socket.create_server(("127.0.0.1", 0)) as listener:
            settings.TWILIO_API_BASE_URL = f"http://127.0.0.1:{listener.getsockname()[1]}"
    client = Client()

    assert seconds(lambda: post_password(client, sam)) < LONGEST

    page = client.get("/session/two-factor").content.decode()
    assert "couldn&#x27;t deliver" in page
    assert "Use a recovery code" in page
    call_command("run_due_work")
    assert len(by_twilio.messages) == (0 if mode == "away" else 1)
    assert TextMessage.objects.latest("pk").status == "failed"
    for secret in (by_twilio.settings()["TWILIO_AUTH_TOKEN"], "2025550143"):
        assert secret not in caplog.text
    assert not by_twilio.led_astray
    assert timezone.now() - TextMessage.objects.latest("pk").created_at < timedelta(minutes=2)
