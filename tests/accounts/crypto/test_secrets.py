"""I10: no secret in the database, in sessions, logs, mails, addresses or kept pages."""

import base64
import logging
import re

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client

from accounts.factors.totp.models import TOTPDevice
from accounts.models import hash_of_token
from tests.support.mails import send_by
from tests.support.people import (
    PASSWORD,
    TWO_FACTOR,
    Authenticator,
    codes_on,
    followed,
    key_on,
    make_user,
    sign_in,
)
from tests.support.two_factor import CHALLENGE, HOME, RECOVERY, SUDO, act, answer, events_of, pending
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db(transaction=True)

CONFIRM = f"{TWO_FACTOR}/confirm"
TOKENS = "/app/settings/tokens"
TOKEN = re.compile(r"\w{14}\.atlasv1\.\w{67}")
NEW_PASSWORD = "an entirely different sentence, 43"


# ---------------------------------------------------------------- a life with two-factor authentication


class Story:
    """Everything that alice does and gets wrong, with all the secrets that come up on the way."""

    def __init__(self, user, client_class=Client):
        self.user = user
        self.secrets = {PASSWORD, NEW_PASSWORD, "mistyped pass phrase"}
        self.hashes = set()
        self.digits = set()  # six of them: looked for as whole words, since they may be part of anything
        self.addresses = []
        self.new_client = client_class

    def know(self, app):
        secret = base64.b32decode(app.key)
        self.secrets |= {app.key, app.key.lower(), secret.hex(), secret.hex().upper()}
        self.secrets |= {base64.b64encode(secret).decode(), base64.urlsafe_b64encode(secret).decode()}
        self.know_codes(app.codes)

    def know_codes(self, codes):
        for code in codes:
            plain = code.replace("-", "")
            self.secrets |= {code, plain, code.lower(), plain.lower()}
            self.secrets |= {base64.b64encode(plain.encode()).decode().rstrip("="), plain.encode().hex()}

    def know_token(self, page):
        """A new token: kept only as a hash, which nobody but the database is to know either."""
        token = TOKEN.search(page.content.decode())[0]
        use = Client(headers={"Authorization": f"Bearer {token}"}).get("/api/v2/account/details")
        assert use.status_code == 200
        self.secrets |= {token, token.partition(".")[0], token.rpartition(".")[2]}
        self.hashes.add(hash_of_token(token))

    def give(self, client, page, code, **fields):
        self.digits |= {code} if len(code) == 6 else set()
        response = client.post(page, {"code": code, **fields})
        self.addresses.append(response.get("Location", ""))
        return followed(client, response)

    def tell(self):
        client = sign_in(self.user)
        app = Authenticator(self.user, self.key_after(client, "enable", method="app"))
        self.give(client, CONFIRM, app.wrong_code())
        app.codes = codes_on(self.give(client, CONFIRM, app.code()))
        self.know(app)
        act(client, "reveal-codes")
        client.post("/session", {"username": "alice", "password": "mistyped pass phrase"})
        waiting = pending(self.user)
        self.give(waiting, CHALLENGE, app.wrong_code())
        self.give(waiting, CHALLENGE, app.fresh_code(), remember="on")
        self.secrets.add(waiting.cookies["remembered"].value.partition(".")[2])
        self.give(pending(self.user), RECOVERY, "7F3QX-ABCD-EFGH")
        self.know_codes(["7F3QX-ABCD-EFGH"])
        self.give(pending(self.user), RECOVERY, app.codes[0])
        self.give(client, SUDO, app.codes[1], factor="backup-codes")
        self.give(client, SUDO, app.fresh_code())
        self.know_codes(codes_on(act(client, "renew-codes")))
        self.know(Authenticator(self.user, self.key_after(client, "app/replace")))
        self.know_token(client.post(f"{TOKENS}/create", {"description": "ci", "expires": "90"}))
        client.post("/app/settings/password", {"password": PASSWORD, "new_password": NEW_PASSWORD})
        assert events_of(self.user)[-1] == "password.changed"  # it went as it was meant to
        self.secrets |= {browser.cookies["session"].value for browser in (client, waiting)}
        return client

    def key_after(self, client, action, **fields):
        self.addresses.append(act(client, action, **fields)["Location"])
        return key_on(client.get(CONFIRM))

    def found_in(self, text):
        """The secrets of this story that this text gives away."""
        found = [secret for secret in self.secrets if secret in text]
        return found + [code for code in self.digits if re.search(rf"(?<![\w.:+-]){code}(?!\w)", text)]


@pytest.fixture
def story(alice):
    return Story(alice)


def every_row():
    """All that the database holds, straight from its tables."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                yield f"{table}: " + " | ".join(str(value) for value in row)


def test_i10_the_search_finds_what_is_there(story):
    app = Authenticator(story.user, "A" * 32, codes=["7F3QX-ABCD-EFGH"])
    story.know(app)
    story.digits.add("123456")

    for text in [
        PASSWORD,
        f"key={'A' * 32}",
        "00" * 20,
        "7f3qxabcdefgh",
        "code: 123456",
        "[123456]",
        base64.b64encode(bytes(20)).decode(),
    ]:
        assert story.found_in(text), text
    assert story.found_in("0.123456 a123456 12:00:00.123456+00:00") == []


def test_r19_r25_i10_the_database_gives_nothing_away(story, settings):
    send_by("tests.accounts.crypto.test_secrets.nowhere", settings)  # mails stay in the outbox
    story.tell()

    rows = list(every_row())

    assert [(row, story.found_in(row)) for row in rows if story.found_in(row)] == []
    assert len(rows) > 40
    assert TOTPDevice.objects.count() == 2


def nowhere(**options):
    raise ConnectionRefusedError


def test_i10_neither_does_an_export(story, capsys):
    story.tell()

    call_command("dumpdata")

    dump = capsys.readouterr().out
    assert len(dump) > 10_000
    assert story.found_in(dump) == []


def test_r39_nothing_secret_is_in_mails(story, mailoutbox):
    story.tell()

    assert len(mailoutbox) >= 8
    for mail in mailoutbox:
        assert story.found_in(mail.message().as_string() + mail.body) == []


def test_r39_nothing_secret_is_in_logs(story, caplog):
    with caplog.at_level(logging.DEBUG):
        story.tell()

    records = [record for record in caplog.records if not record.name.startswith("django.db")]
    lines = [f"{record.getMessage()} {record.__dict__}" for record in records]
    assert len(lines) > 3
    assert [line for line in lines if story.found_in(line)] == []
    assert [line for line in lines if any(one in line for one in story.hashes)] == []


def test_r39_nothing_secret_is_in_an_address_or_a_link(story, alice):
    client = story.tell()
    pages = [client.get(path).content.decode() for path in (HOME, CONFIRM, TOKENS, "/app/settings/activity")]
    links = [link for page in pages for link in re.findall(r'(?:href|src|action)="([^"]*)"', page)]

    assert len(links) > 30
    assert [link for link in [*links, *story.addresses] if story.found_in(link)] == []


def test_r39_an_error_page_and_its_log_give_nothing_away(
    story, alice, monkeypatch, caplog, settings, mailoutbox
):
    client = story.tell()
    client.raise_request_exception = False
    caplog.clear()

    with connection.execute_wrapper(broken):
        for page, fields in [
            ("/session", {"username": "alice", "password": NEW_PASSWORD}),
            (f"{TWO_FACTOR}/disable", {"password": NEW_PASSWORD}),
            (CONFIRM, {"code": "123456"}),
        ]:
            response = client.post(page, fields)
            assert response.status_code == 503
            assert story.found_in(response.content.decode()) == []
    assert story.found_in(caplog.text) == []


def broken(execute, sql, params, many, context):
    raise OperationalError("the database is away")


# ---------------------------------------------------------------- pages that nobody may keep


PAGES = [
    "/session",
    CHALLENGE,
    RECOVERY,
    SUDO,
    HOME,
    CONFIRM,
    f"{TWO_FACTOR}/disable",
    "/app",
    "/app/settings/profile",
    "/app/settings/password",
    "/app/settings/activity",
    TOKENS,
    "/account/new",
    "/nothing/here",
]


@pytest.mark.parametrize("who", ["anonymous", "pending", "signed in"])
def test_r51_no_page_may_be_stored(alice, app_of_alice, who):
    client = {
        "anonymous": Client,
        "pending": lambda: pending(alice),
        "signed in": lambda: sign_in(alice, app_of_alice),
    }[who]()

    for page in PAGES:
        for response in (client.get(page), client.post(page)):
            assert "no-store" in response["Cache-Control"], page
            assert response["Referrer-Policy"] == "same-origin", page


def test_r20_neither_may_what_shows_secrets(alice):
    client = sign_in(alice)
    act(client, "enable", method="app")
    shown = client.get(CONFIRM)
    app = Authenticator(alice, key_on(shown))
    answers = [shown, answer(client, app.code(), CONFIRM)]
    answers += [act(client, "reveal-codes"), act(client, "renew-codes")]
    answers.append(client.post(f"{TOKENS}/create", {"description": "ci", "expires": "90"}))

    assert {response["Cache-Control"] for response in answers} == {"no-store"}


def test_r20_after_confirmation_the_key_is_nowhere(alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    root = make_user("root", is_staff=True, is_superuser=True)
    pages = [HOME, "/app/settings/profile", "/app/settings/activity", "/app", f"{TWO_FACTOR}/disable"]

    for page in [client.get(path) for path in pages] + [sign_in(root).get("/app")]:
        text = page.content.decode()
        assert app_of_alice.key not in text
        assert app_of_alice.key not in re.sub(r"<[^>]*>|\s", "", text)


# ---------------------------------------------------------------- a real server


def test_r39_i10_a_real_server_keeps_secrets_out_of_logs_and_mails(live_site, alice):
    visitor = Visitor(live_site.url)
    story = Story(alice)
    visitor.post_form("/session", username="alice", password=PASSWORD)
    visitor.post_form(HOME, "/enable", method="app")
    page = visitor.get(CONFIRM).text
    app = Authenticator(alice, re.search(r'data-value="(\w{32})"', page)[1])
    story.digits |= {app.code(), app.wrong_code()}
    visitor.post_form(CONFIRM, "/confirm", code=app.wrong_code())
    app.codes = re.findall(
        r"\b\w{5}-\w{4}-\w{4}\b", visitor.follow(visitor.post_form(CONFIRM, "/confirm", code=app.code())).text
    )
    story.know(app)
    visitor.post_form(HOME, "/reveal-codes")
    visitor.post_form(HOME, "/session/logout")
    visitor.post_form("/session", username="alice", password=PASSWORD)
    used = visitor.post_form(RECOVERY, "Verify", code=app.codes[0])

    assert used.location == "/app"
    live_site.wait_for_mail("alice@example.com", 4)
    mails = [mail.as_string() for mail in live_site.mails()]
    assert story.found_in("\n".join([live_site.log(), *mails])) == []
    assert len(app.codes) == 10
