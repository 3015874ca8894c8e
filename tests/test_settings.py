"""A bad value stops the start with one plain sentence, and `check --deploy` refuses what is unsafe."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from email import message_from_bytes, policy

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.db.utils import ConnectionHandler

from tests.accounts.factors.otpauth import NAMES
from tests.support import mails
from tests.support.environment import ROOT
from tests.support.starts import NEEDED


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("ENCRYPTION_KEYS", ""),
        ("ENCRYPTION_KEYS", " , "),
        ("ENCRYPTION_KEYS", "short"),
        ("ENCRYPTION_KEYS", f"{'x' * 32},short"),
        ("SIGN_UP", "maybe"),
        ("CREATE_ORGANIZATIONS", "nobody"),
        ("TRUSTED_PROXIES", "proxy.example"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,10.0.0.1/8"),
        ("TRUSTED_PROXIES", "*"),
        ("HTTPS", "ture"),
        ("DEBUG", "maybe"),
        ("PLAIN_STATIC_FILES", "2"),
        ("PASSWORD_HASHER", "md5"),
        ("SITE_URL", "auth.example.com"),
        ("SITE_URL", "javascript:alert(1)"),
        ("SITE_URL", "https://"),
        ("SITE_URL", "https://auth.example.com/tfc"),
        ("SITE_URL", "https://auth.example.com?x"),
        ("SITE_URL", "https://auth.example.com#x"),
        ("SITE_URL", "https://user:password@auth.example.com"),
        ("SITE_URL", "https://auth.example.com:99999"),
        ("SITE_URL", "https://auth example.com"),
        ("SITE_URL", "https://straße.example"),
        ("ALLOWED_HOSTS", "auth.example.com,straße.example"),
        ("EMAIL_URL", "pigeon://localhost"),
        ("SITE_NAME", "Acme\r\nX-Forged: 1"),
        ("SITE_NAME", "Acme: Auth"),
        ("SITE_NAME", "\u200d"),
        ("SITE_NAME", "n" * 65),
        ("SITE_NAME", "Acme\u00a0Auth"),
        ("SITE_NAME", "\u202eAcme"),
        ("SUPPORT_EMAIL", "help@example.com\nBcc: b@example.com"),
        ("SUPPORT_EMAIL", "Help <help@example.com>"),
        ("SUPPORT_EMAIL", "help@example.com, desk@example.com"),
        ("SUPPORT_EMAIL", "the help desk"),
        ("DEFAULT_FROM_EMAIL", "a@example.com\nBcc: b@example.com"),
        ("DEFAULT_FROM_EMAIL", "Acme, Inc. <a@example.com>"),
        ("DEFAULT_FROM_EMAIL", "Acme: Auth <a@example.com>"),
        ("DEFAULT_FROM_EMAIL", "Acme @ Home <a@example.com>"),
        ("DEFAULT_FROM_EMAIL", "a@example.com, b@example.com"),
        ("DEFAULT_FROM_EMAIL", "everybody: a@example.com;"),
        ("DEFAULT_FROM_EMAIL", "a@"),
        ("DEFAULT_FROM_EMAIL", "root"),
        ("AUDIT_RETENTION_DAYS", "29"),
        ("AUDIT_RETENTION_DAYS", "-30"),
        ("AUDIT_RETENTION_DAYS", "0"),
        ("AUDIT_RETENTION_DAYS", "30.5"),
        ("AUDIT_RETENTION_DAYS", "three months"),
        ("AUDIT_RETENTION_DAYS", "99999999999"),
    ],
)
def test_a_bad_value_stops_the_start(load, name, value):
    with pytest.raises(ImproperlyConfigured) as raised:
        load(**NEEDED | {name: value})

    assert name in str(raised.value) or name == "EMAIL_URL"
    assert "\n" not in str(raised.value)
    assert NEEDED["SECRET_KEY"] not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "value", "write"),
    [
        ("SITE_NAME", "Acme: Auth", "write 'Acme - Auth'"),
        ("SITE_NAME", "Acme\u00a0Auth", "take '\\xa0' (NO-BREAK SPACE) out of"),
        ("SITE_NAME", f"{'n' * 60} and more", f"write something like '{'n' * 60} and'"),
        ("SUPPORT_EMAIL", "Help <help@example.com>", "write help@example.com"),
        ("SITE_URL", "https://Auth.example.com:8443/tfc", "write 'https://auth.example.com:8443'"),
        (
            "DEFAULT_FROM_EMAIL",
            "Acme, Inc. <a@example.com>",
            "write it like '\"Acme, Inc.\" <no-reply@example.com>'",
        ),
    ],
)
def test_pf3_the_sentence_says_what_to_write(name, value, write):
    environment = {**os.environ, **NEEDED, name: value}

    run = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True
    )

    assert run.returncode != 0
    assert write in run.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("value", "origin"),
    [
        ("HTTPS://Auth.Example.COM/", "https://auth.example.com"),
        ("https://auth.example.com:443", "https://auth.example.com"),
        ("http://auth.example.com:80//", "http://auth.example.com"),
        ("https://auth.example.com:8443/", "https://auth.example.com:8443"),
        ("https://Bücher.example", "https://xn--bcher-kva.example"),
        ("https://Bu\u0308cher.example", "https://xn--bcher-kva.example"),
        ("https://auth.example.com.", "https://auth.example.com"),
        ("http://[2001:DB8::1]:8000", "http://[2001:db8::1]:8000"),
    ],
)
def test_pf3_the_address_of_the_site_is_what_browsers_make_of_it(load, value, origin):
    assert load(**NEEDED, SITE_URL=value)["SITE_URL"] == origin


def test_pf3_hosts_are_spelled_as_browsers_send_them(load):
    found = load(**NEEDED, ALLOWED_HOSTS="auth.example.com, bücher.example,.東京.example,*")

    assert found["ALLOWED_HOSTS"] == [
        "auth.example.com",
        "xn--bcher-kva.example",
        ".xn--1lqs71d.example",
        "*",
    ]


@pytest.mark.parametrize("value", ["$ecret", "$", "a$b", r"a\$b", r"\$a", "$SECRET_KEY", "${x}"])
def test_pf3_a_dollar_is_a_dollar(load, value):
    """django-environ would take what begins with one for the name of another variable."""
    assert load(**NEEDED, SITE_NAME=value)["SITE_NAME"] == value


@pytest.mark.parametrize("name", [*NAMES[:-1], "Acme; Inc <x>", "a@b, c", "(Acme)", 'back\\slash"'])
def test_pf3_mails_come_from_the_site_whatever_its_name(load, name):
    """What programs read from the header, with the mail's own encoding of other letters."""
    sender = load(**NEEDED, SITE_NAME=name)["DEFAULT_FROM_EMAIL"]

    sent = EmailMessage("subject", "body", sender, ["a@example.com"]).message().as_bytes()

    [address] = message_from_bytes(sent, policy=policy.default)["From"].addresses
    assert (address.display_name, address.addr_spec) == (name, "no-reply@localhost")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("a@example.com", ""),
        ("Acme Inc. <a@example.com>", "Acme Inc."),
        ('"Acme, Inc." <a@example.com>', "Acme, Inc."),
        ("Müller & Söhne <a@example.com>", "Müller & Söhne"),
        ("=?utf-8?q?M=C3=BCller?= <a@example.com>", "Müller"),
    ],
)
def test_pf3_senders_are_what_was_written(load, value, name):
    sender = load(**NEEDED, DEFAULT_FROM_EMAIL=value)["DEFAULT_FROM_EMAIL"]

    sent = EmailMessage("subject", "body", sender, ["a@example.com"]).message().as_bytes()

    [address] = message_from_bytes(sent, policy=policy.default)["From"].addresses
    assert (address.display_name, address.addr_spec) == (name, "a@example.com")


@pytest.mark.parametrize("name", ["SECRET_KEY", "ENCRYPTION_KEYS"])
def test_a_missing_secret_stops_the_program_itself(name):
    environment = {**os.environ, **NEEDED}
    del environment[name]

    run = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True
    )

    assert run.returncode != 0
    assert run.stderr.strip().endswith(f"Set {name} or {name}_FILE (or DEBUG=1 for development).")


def test_nothing_set_is_as_safe_as_it_gets(load):
    found = load(**NEEDED)

    assert found["DEBUG"] is False
    assert found["HTTPS"] is found["SESSION_COOKIE_SECURE"] is found["SECURE_SSL_REDIRECT"] is True
    assert found["ALLOWED_HOSTS"] == found["TRUSTED_PROXIES"] == []
    assert found["PASSWORD_HASHERS"] == ["accounts.users.hashers.Argon2Hasher"]


@pytest.mark.django_db  # opens a file of its own
def test_tf4_i8_sqlite_has_a_commit_on_the_disk_before_it_is_answered(load, tmp_path):
    """The tests' own database is thrown away and need not; a code that was spent must stay spent."""
    found = load(**NEEDED | {"DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}"})

    def ask():
        database = ConnectionHandler(found["DATABASES"])["default"]
        with closing(database), database.cursor() as cursor:
            [journal] = cursor.execute("PRAGMA journal_mode").fetchone()
            [synchronous] = cursor.execute("PRAGMA synchronous").fetchone()
        return journal, synchronous

    with ThreadPoolExecutor(1) as pool:  # Playwright may have left an event loop in this thread
        assert pool.submit(ask).result() == ("wal", 2)  # 2 is FULL


def test_empty_values_are_values_that_are_not_set(load):
    """Such as those of a copy of .env.example: HTTPS= there must not turn HTTPS off."""
    example = dict(
        re.findall(r'^([A-Z_]+)="?([^"\n]*)"?$', (ROOT / ".env.example").read_text(), re.MULTILINE)
    )
    assert example["HTTPS"] == example["DATABASE_URL"] == ""
    secrets = {name: value for name, value in NEEDED.items() if name != "DATABASE_URL"}

    copied, untouched = load(**example | secrets), load(**secrets)

    names = [name for name in untouched if name.isupper() and name not in ("SETTINGS_MODULE", "ENVIRON")]
    assert {name: copied[name] for name in names} == {name: untouched[name] for name in names}


@pytest.mark.parametrize(
    ("value", "expected"), [("1", True), ("true", True), ("ON", True), ("0", False), ("no", False)]
)
def test_switches(load, value, expected):
    assert load(**NEEDED, HTTPS=value)["HTTPS"] is expected


def test_development_constants_are_for_debug_only(load):
    insecure = load(DEBUG="1")

    assert insecure["SECRET_KEY"].startswith("django-insecure-")
    assert insecure["ENCRYPTION_KEYS"][0].startswith("insecure-")
    assert insecure["HTTPS"] is False
    with pytest.raises(ImproperlyConfigured):
        load()


@pytest.fixture
def way_out(load, settings):
    """What Django sends mails by with this in the environment."""

    def find(**environment):
        loaded = load(**NEEDED | environment)
        for name in loaded:
            if name == "MAILERS" or name.startswith("EMAIL_"):
                setattr(settings, name, loaded[name])
        return mails.way_out()

    return find


def test_mails_go_to_the_server_of_email_url_and_wait_for_five_seconds(way_out):
    server = way_out(EMAIL_URL="smtp+tls://user:pass%20word@mail.example.com:587")

    assert (server.host, server.port, server.timeout) == ("mail.example.com", 587, 5)
    assert (server.username, server.password) == ("user", "pass word")
    assert (server.use_tls, server.use_ssl) == (True, False)


def test_mails_of_development_become_files(way_out, tmp_path):
    directory = way_out(DEBUG="1", MAIL_DIR=str(tmp_path / "mail"))

    assert directory.file_path == str(tmp_path / "mail")


@pytest.mark.parametrize(
    ("url", "in_clear_to"),
    [
        ("smtp://user:secret@mail.example.com:25", "mail.example.com"),
        ("smtp+tls://user:secret@mail.example.com:587", ""),
        ("smtp+ssl://user:secret@mail.example.com:465", ""),
        ("smtp://localhost:25", "localhost"),
        ("consolemail://", ""),
        ("filemail:///var/mails", ""),
    ],
)
def test_sf9_settings_know_a_mail_server_that_is_reached_unencrypted(load, url, in_clear_to):
    assert load(**NEEDED, EMAIL_URL=url)["MAIL_IN_CLEAR_TO"] == in_clear_to


POSTGRESQL = "postgres://site:secret@db.example:6432/tfc"


def test_of5_without_a_pooler_each_connection_asks_for_its_limits(load):
    [database] = load(**NEEDED | {"DATABASE_URL": f"{POSTGRESQL}?options=-csearch_path%3Dtfc"})[
        "DATABASES"
    ].values()

    asked = dict(part.split("=") for part in database["OPTIONS"]["options"].replace("-c ", "-c").split(" "))
    assert asked == {
        "-csearch_path": "tfc",
        "-clock_timeout": "3000",
        "-cstatement_timeout": "4000",
        "-cidle_in_transaction_session_timeout": "60000",
    }


@pytest.mark.parametrize("value", ["1", "on", "TRUE"])
def test_of5_with_a_pooler_nothing_belongs_to_a_session(load, value):
    settings = load(**NEEDED | {"DATABASE_URL": f"{POSTGRESQL}?sslmode=require", "DATABASE_POOLER": value})

    database = settings["DATABASES"]["default"]
    assert "options" not in database["OPTIONS"]
    assert database["OPTIONS"]["sslmode"] == "require"
    assert database["OPTIONS"]["prepare_threshold"] is None
    assert database["DISABLE_SERVER_SIDE_CURSORS"] is True
    assert database["CONN_HEALTH_CHECKS"] is True


@pytest.mark.parametrize(
    ("pooler", "prepared", "expected"),
    [("0", "", 1), ("0", "0", None), ("1", "", None), ("1", "0", None), ("1", "1", 1)],
)
def test_of5_behind_a_pooler_statements_are_prepared_only_if_it_is_said(load, pooler, prepared, expected):
    given = {"DATABASE_POOLER": pooler, "DATABASE_PREPARED_STATEMENTS": prepared}
    settings = load(**NEEDED | {"DATABASE_URL": POSTGRESQL} | given)

    assert settings["DATABASES"]["default"]["OPTIONS"]["prepare_threshold"] == expected


def test_of5_what_a_pooler_does_not_keep_stops_the_start(load):
    with pytest.raises(ImproperlyConfigured, match="With DATABASE_POOLER=1, DATABASE_URL can't have"):
        load(
            **NEEDED
            | {"DATABASE_URL": f"{POSTGRESQL}?options=-c%20search_path%3Dtfc", "DATABASE_POOLER": "1"}
        )
