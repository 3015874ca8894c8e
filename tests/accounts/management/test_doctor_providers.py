"""`doctor` says first what is most urgent, and asks clocks, settings and servers (OF12)."""

import re
import socketserver
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.management.doctor import Check, checks
from tests.accounts.factors.sms.conftest import by_twilio, twilio  # noqa: F401 - fixtures
from tests.accounts.factors.sms.twilio import ACCOUNT, TOKEN
from tests.support.doctor import doctor
from tests.support.environment import ROOT
from tests.support.mails import send_by, way_out
from tfc_auth.mailers import DJANGOS_SMTP

pytestmark = pytest.mark.django_db
PASSWORD = "the-password-of-the-mail-server"


class MailServer(socketserver.StreamRequestHandler):
    """Speaks as much SMTP as a client needs that sends nothing. `answers` replace its own."""

    answers: dict = {}
    said: list = []

    def handle(self):
        self.say("220 here")
        for line in self.rfile:
            word = line.split()[0].decode().upper()
            self.said.append(word)
            if self.answers.get(word) == "hang":
                time.sleep(8)
                return
            own = {"EHLO": "250-here\r\n250 AUTH PLAIN", "AUTH": "235 welcome"}
            self.say(self.answers.get(word) or own.get(word, "250 fine"))
            if word == "QUIT":
                return

    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def mail_server(settings):
    """A mail server; call it with the answers that it gives to some words."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), MailServer)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    host, port = server.server_address
    chosen = {"EMAIL_HOST": host, "EMAIL_PORT": port, "EMAIL_TIMEOUT": 1}
    chosen |= {"EMAIL_HOST_USER": "mailer", "EMAIL_HOST_PASSWORD": PASSWORD}
    send_by(DJANGOS_SMTP, settings, **chosen)

    def answers(**words):
        MailServer.answers, MailServer.said = words, []
        assert way_out().port == server.server_address[1]
        return MailServer.said

    yield answers
    server.shutdown()
    server.server_close()


@pytest.fixture
def local(settings):
    settings.SITE_URL, settings.ALLOWED_HOSTS = "http://127.0.0.1:8000", ["127.0.0.1"]


def test_of12_the_most_urgent_comes_first_with_the_command_that_mends_it(local):
    for title, urgency in (("later", 6), ("now", 0)):
        checks.register(title, Check(lambda: ["it is broken"], urgency=urgency, mend=f"mend_{title}"))
    try:
        code, output = doctor()
    finally:
        del checks["later"], checks["now"]

    lines = output.splitlines()
    assert code == 1
    assert lines[1].startswith(f"2 of {len(checks) + 2} checks found a problem")
    assert lines[2:8] == [
        "WRONG: now",
        "  it is broken",
        "  -> python manage.py mend_now",
        "WRONG: later",
        "  it is broken",
        "  -> python manage.py mend_later",
    ]
    assert len(lines) <= 26, "it fits on one screen"


def test_of12_a_mail_server_that_works_gets_no_mail(local, mail_server):
    said = mail_server()

    code, output = doctor("--providers")

    assert code == 0, output
    assert "ok: mail server" in output
    assert "DATA" not in said
    assert said[-2:] == ["RSET", "QUIT"]


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (
            {"AUTH": f"535 {PASSWORD} is wrong"},
            r"refuses the user or the password \(535\): correct EMAIL",
        ),
        ({"MAIL": "550 not you"}, r"takes no mails from \S+ \(550\): change DEFAULT_FROM_EMAIL"),
        ({"EHLO": "hang"}, "did not answer within 5 seconds"),
        ({"EHLO": "421 away", "HELO": "421 away"}, r"can't be used \(\w+\): look at EMAIL_URL"),
        ({"EHLO": "250 here"}, "does not offer encryption or passwords"),
    ],
)
def test_of12_what_is_wrong_with_the_mail_server_is_said_without_secrets(local, mail_server, answers, words):
    mail_server(**answers)

    code, output = doctor("--providers")

    assert code == 1
    found = output[output.index("WRONG: mail server") :].splitlines()[1]

    assert re.search(words, found), output
    assert PASSWORD not in output


def test_of12_the_provider_of_texts_is_asked_for_the_account_and_sends_nothing(local, by_twilio):  # noqa: F811
    assert "ok: provider of texts" in doctor("--providers")[1]

    by_twilio.account = (200, {"sid": ACCOUNT, "status": "suspended"})
    assert "suspended or closed" in doctor("--providers")[1]

    by_twilio.account = (401, {"code": 20003, "message": f"Authenticate {ACCOUNT} {TOKEN}", "status": 401})
    code, output = doctor("--providers")
    assert code == 1
    assert "authentication error" in output
    assert ACCOUNT not in output
    assert TOKEN not in output
    assert by_twilio.messages == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"SITE_URL": "http://elsewhere.example"}, "add it to ALLOWED_HOSTS"),
        ({"SITE_URL": "https://127.0.0.1"}, "HTTPS is off, and SITE_URL begins with https"),
        (
            {"SMS_DAILY_BUDGET": 5, "SMS_HOURLY_BUDGET": 10},
            "SMS_HOURLY_BUDGET (10) is more than SMS_DAILY_BUDGET (5)",
        ),
        ({"SMS_HOURLY_BUDGET_PER_PREFIX": 9999}, "SMS_HOURLY_BUDGET_PER_PREFIX (9999) is more than"),
        (
            {"METRICS_PEERS": ["10.0.0.1"], "TRUSTED_PROXIES": ["10.0.0.0/8"]},
            "10.0.0.1 may read /metrics",
        ),
    ],
)
def test_of12_settings_that_contradict_each_other_are_told(local, settings, changed, words):
    for name, value in changed.items():
        setattr(settings, name, value)

    assert words in doctor()[1]


@pytest.mark.planner  # SQLite has the clock of this machine
@pytest.mark.parametrize(("minutes", "words"), [(1, "seconds ahead of"), (-1, "seconds behind")])
def test_of12_a_clock_that_differs_from_the_databases_is_told(local, minutes, words):
    with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
        code, output = doctor()

    assert code == 1
    assert f"{words} the database" in output


@pytest.mark.parametrize("options", [[], ["--providers"], ["--reconcile"]])
def test_of12_without_a_database_it_is_one_sentence(options):
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor", *options],
        cwd=ROOT,
        env={
            "DEBUG": "1",
            "DATABASE_URL": "postgres://nobody:hidden@127.0.0.1:9/none",
            "PATH": "/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stdout.count("\n") == 1  # the version
    assert done.stderr.count("\n") == 1
    assert "The database does not answer" in done.stderr
    assert "hidden" not in done.stderr
