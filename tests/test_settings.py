"""A bad value stops the start with one plain sentence, and `check --deploy` refuses what is unsafe."""

import os
import re
import runpy
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from django.core.checks import Tags, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.db.utils import ConnectionHandler

from accounts.checks.connections import file_system_of
from tests.accounts.factors.otpauth import NAMES
from tests.support import mails
from tests.support.environment import ROOT

NEEDED = {
    "SECRET_KEY": "a secret key of fifty characters, and some more of them",
    "ENCRYPTION_KEYS": "an encryption key of thirty-two characters at least",
    "DATABASE_URL": "sqlite:///:memory:",
}


@pytest.fixture
def load(monkeypatch):
    """The settings with nothing but this in the environment."""

    def run(**environment):
        for name in os.environ:
            monkeypatch.delenv(name)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(ROOT / "tfc_auth" / "settings.py"))

    return run


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


# ---------------------------------------------------------------- mail


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


# ---------------------------------------------------------------- check --deploy


SAFE = {
    "DEBUG": False,
    "SECRET_KEY": "".join(chr(33 + n) for n in range(90)),
    "ENCRYPTION_KEYS": ["x9" * 16],
    "ALLOWED_HOSTS": ["auth.example.com"],
    "SITE_URL": "https://auth.example.com",
    "SUPPORT_EMAIL": "help@example.com",
    "SECURITY_CONTACT": ["mailto:security@example.com"],
    "MAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "PASSWORD_HASHER": "argon2",
    "SMS_BACKEND": "accounts.factors.sms.backends.twilio.TwilioBackend",
    "TWILIO_ACCOUNT_SID": "AC0",
    "TWILIO_AUTH_TOKEN": "token",
    "TWILIO_FROM": "+15005550006",
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "SECURE_SSL_REDIRECT": True,
    "SECURE_HSTS_SECONDS": 31_536_000,
    "TRUSTED_PROXIES": ["127.0.0.1/32"],
    "DEFAULT_FROM_EMAIL": "TFC Auth <auth@example.com>",
    "PLAIN_STATIC_FILES": False,
    "API_REQUESTS_PER_SECOND": 30,
}


@pytest.fixture
def problems(settings):
    def find(**changes):
        for name, value in (SAFE | changes).items():
            setattr(settings, name, value)
        found = run_checks(tags=[Tags.security], include_deployment_checks=True)
        return {problem.id for problem in found if not problem.is_silenced()}

    return find


def test_check_deploy_is_content_with_what_is_safe(problems):
    assert problems() == set()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", ""])
def test_sf9_check_deploy_is_content_with_a_mail_server_on_this_machine(problems, host):
    assert problems(MAIL_IN_CLEAR_TO=host) == set()


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("DEBUG", True, "security.W018"),
        ("SECRET_KEY", "short", "security.W009"),
        ("SECRET_KEY", "django-insecure-" + "x9" * 40, "security.W009"),
        ("ALLOWED_HOSTS", [], "security.W020"),
        ("ENCRYPTION_KEYS", ["insecure-development-encryption-key-that-every-reader-knows"], "accounts.E010"),
        ("ENCRYPTION_KEYS", ["x9" * 16, "short"], "accounts.E010"),
        ("ENCRYPTION_KEYS", [SAFE["SECRET_KEY"]], "accounts.E011"),
        ("PASSWORD_HASHER", "cheap", "accounts.E012"),
        ("SITE_URL", "http://auth.example.com", "accounts.E013"),
        ("MAIL_BACKEND", "django.core.mail.backends.console.EmailBackend", "accounts.E014"),
        ("SUPPORT_EMAIL", "", "accounts.W010"),
        ("SECURITY_CONTACT", [], "tfc_auth.I001"),
        ("MAIL_IN_CLEAR_TO", "mail.example.com", "accounts.W011"),
        ("TWILIO_API_BASE_URL", "http://twilio.example.com", "accounts.E015"),
        ("CSRF_COOKIE_SECURE", False, "security.W016"),
        ("SECURE_SSL_REDIRECT", False, "security.W008"),
        ("SECURE_HSTS_SECONDS", 0, "security.W004"),
        ("MIDDLEWARE", [], "security.W003"),
        ("SECOND_FACTORS", [], "accounts.E003"),
        ("SECOND_FACTORS", ["accounts.factors.backup_codes.factor.BackupCodesFactor"], "accounts.E003"),
        ("SECOND_FACTORS", ["accounts.factors.totp.factor.TOTPFactor"], "accounts.E004"),
        ("SECOND_FACTORS", ["accounts.factors.nothing.Factor"], "accounts.E001"),
        ("SECOND_FACTORS", ["accounts.factors.totp.factor.TOTPFactor"] * 2, "accounts.E002"),
    ],
)
def test_check_deploy_refuses(problems, name, value, problem):
    assert problem in problems(**{name: value})


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("ALLOWED_HOSTS", ["*"], "accounts.E018"),
        ("ALLOWED_HOSTS", ["auth.example.com", "*"], "accounts.E018"),
        ("ALLOWED_HOSTS", ["www.example.com"], "accounts.E019"),
        ("SITE_URL", "https://[2001:db8::1]:8443", "accounts.E019"),
        ("SESSION_COOKIE_SECURE", False, "accounts.E016"),
        ("TRUSTED_PROXIES", [], "accounts.W014"),
        ("TRUSTED_PROXIES", ["127.0.0.1/32", "172.16.0.0/12"], "accounts.W015"),
        ("TRUSTED_PROXIES", ["fc00::/7"], "accounts.W015"),
        ("TRUSTED_PROXIES", ["100.64.0.0/10"], "accounts.W015"),
        ("PLAIN_STATIC_FILES", True, "accounts.W016"),
        ("SECRET_KEY_FALLBACKS", [SAFE["SECRET_KEY"]], "accounts.W017"),
        ("SECRET_KEY_FALLBACKS", SAFE["ENCRYPTION_KEYS"], "accounts.E011"),
        ("API_REQUESTS_PER_SECOND", 3, "accounts.W018"),
        ("SMS_DAILY_BUDGET", 499, "factor_sms.W001"),
        ("SMS_HOURLY_BUDGET", 49, "factor_sms.W001"),
        ("SMS_BACKEND", "accounts.factors.sms.backends.console.ConsoleBackend", "factor_sms.E001"),
        ("TWILIO_ACCOUNT_SID", "", "factor_sms.E002"),
    ],
)
def test_of8_check_deploy_says_what_is_unsafe_or_missing(problems, name, value, problem):
    assert problem in problems(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALLOWED_HOSTS", [".example.com"]),
        ("ALLOWED_HOSTS", ["www.example.com", "auth.example.com"]),
        ("TRUSTED_PROXIES", ["172.18.0.0/16", "fd00:1::/48"]),
        ("TRUSTED_PROXIES", ["104.16.0.0/13", "2400:cb00::/32"]),  # those of a big proxy
        ("SECRET_KEY_FALLBACKS", ["".join(chr(34 + n) for n in range(90))]),
    ],
)
def test_of8_check_deploy_is_content_with_what_others_write(problems, name, value):
    assert problems(**{name: value}) == set()


@pytest.mark.parametrize("sender", ["TFC Auth <no-reply@localhost>", "no-reply@localhost"])
def test_of15_check_deploy_wants_a_sender(problems, sender):
    assert "accounts.E017" in problems(DEFAULT_FROM_EMAIL=sender)


def test_of15_that_is_the_sender_if_nothing_is_set_and_the_guide_names_it(load, problems):
    assert "accounts.E017" in problems(DEFAULT_FROM_EMAIL=load(**NEEDED)["DEFAULT_FROM_EMAIL"])
    assert "`DEFAULT_FROM_EMAIL`" in (ROOT / "docs" / "deployment.md").read_text()


@pytest.mark.parametrize("problem", ["factor_sms.E001", "factor_sms.E002"])
def test_of12_whoever_wants_no_texts_learns_how_to_leave_them_out(problems, load, problem):
    problems(SMS_BACKEND="accounts.factors.sms.backends.console.ConsoleBackend")
    if problem == "factor_sms.E002":
        problems(TWILIO_FROM="")
    found = run_checks(tags=[Tags.security], include_deployment_checks=True)
    [told] = [entry.msg for entry in found if entry.id == problem]

    [written] = re.findall(r"write SECOND_FACTORS=(\S+)\.$", told)
    factors = load(**NEEDED, SECOND_FACTORS=written)["SECOND_FACTORS"]

    assert problem not in problems(SECOND_FACTORS=factors, TWILIO_FROM="")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/db.sqlite3", "ext4"),
        ("/srv/shared/db.sqlite3", "nfs4"),
        ("/srv/shared/local/db.sqlite3", "ext4"),
        ("/srv/sharedother/db.sqlite3", "ext4"),
        ("/mnt/my disk/db.sqlite3", "cifs"),
        ("relative", ""),
    ],
)
def test_of8_a_database_that_several_machines_could_open_is_told_by_its_file_system(path, kind):
    mounts = r"""/dev/sda1 / ext4 rw 0 0
proc /proc proc rw 0 0
server:/export /srv/shared nfs4 rw,vers=4.2 0 0
/dev/sdb1 /srv/shared/local ext4 rw 0 0
//server/share /mnt/my\040disk cifs rw 0 0
"""

    assert file_system_of(Path(path), mounts) == kind


# ---------------------------------------------------------------- HSTS


@pytest.mark.parametrize(
    ("written", "header"),
    [
        ({}, "max-age=31536000"),
        ({"HSTS_INCLUDE_SUBDOMAINS": "1"}, "max-age=31536000; includeSubDomains"),
        (
            {"HSTS_INCLUDE_SUBDOMAINS": "1", "HSTS_PRELOAD": "1"},
            "max-age=31536000; includeSubDomains; preload",
        ),
        ({"HTTPS": "0"}, None),
    ],
)
def test_of10_browsers_remember_https_for_other_hosts_only_if_that_is_written(
    load, settings, client, written, header
):
    found = load(**NEEDED, **written)
    for name in ("SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_HSTS_PRELOAD"):
        setattr(settings, name, found[name])

    assert client.get("/healthz", secure=True).headers.get("Strict-Transport-Security") == header


def test_check_deploy_refuses_the_constants_of_development(problems, load):
    insecure = load(DEBUG="1")

    found = problems(**{name: insecure[name] for name in ("SECRET_KEY", "ENCRYPTION_KEYS")})

    assert {"security.W009", "accounts.E010"} <= found


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
