"""Commands and servers that really start, and what stops them."""

import json
import re
from email.header import decode_header, make_header
from html import escape

import pytest

from tests.support.people import make_user
from tests.support.settings_table import NAMES
from tests.support.starts import NEEDED, gunicorn, start
from tfc_auth.environment import Environment


def test_of8_a_command_ends_with_the_sentence_alone():
    run = start("manage.py", "migrate", SMS_COUNTRIES="US,UK")

    assert (run.returncode, run.stdout) == (1, "")
    assert re.fullmatch(r"SMS_COUNTRIES must be .*: write GB instead of 'UK'\.\n", run.stderr)


def test_of8_a_command_shows_where_it_failed_when_asked():
    run = start("manage.py", "check", "--traceback", SMS_COUNTRIES="UK")

    assert run.stderr.startswith("Traceback")


def test_of8_gunicorn_ends_with_the_sentence_alone_before_it_starts_workers():
    run = gunicorn(DATABASE_URL="postgres://user:p4ss/word@host/name")

    assert run.returncode == 1
    assert re.fullmatch(r"DATABASE_URL can't be read: .*%2F for /.*\n", run.stderr)


@pytest.mark.parametrize("factors", ["accounts.factors.totp.factor.TOTPfactor", "app,backup_codes"])
def test_of8_gunicorn_does_not_serve_with_a_factor_that_there_is_not(factors):
    run = gunicorn(SECOND_FACTORS=factors)

    assert run.returncode != 0
    assert f"\nSECOND_FACTORS names {factors.split(',')[0]}, which can't be imported:" in run.stderr


@pytest.mark.parametrize(
    ("factors", "said"),
    [
        ("accounts.factors.totp.factor.TOTPFactor", "has no backup factor"),
        ("accounts.factors.backup_codes.factor.BackupCodesFactor", "has no primary factor"),
        ("accounts.models.User", "is no factor"),
    ],
)
def test_of8_factors_that_nobody_can_sign_in_with_stop_the_start(factors, said):
    run = start("manage.py", "check", SECOND_FACTORS=factors)

    assert run.returncode == 1
    assert said in run.stderr
    assert "Traceback" not in run.stderr


def test_of12_gunicorn_does_not_serve_errors_in_place_of_pages_without_static_files(tmp_path):
    run = gunicorn(STATIC_DIR=str(tmp_path), PLAIN_STATIC_FILES="0")

    assert run.returncode != 0
    assert re.search(
        rf"^{tmp_path} lacks static files .*: run manage.py collectstatic", run.stderr, re.MULTILINE
    )
    assert "Traceback" not in run.stderr


def test_of12_gunicorn_does_not_serve_with_the_static_files_of_a_former_release(tmp_path):
    settings = {"STATIC_DIR": str(tmp_path), "PLAIN_STATIC_FILES": "0"}
    start("manage.py", "collectstatic", "--noinput", **settings)
    manifest = tmp_path / "staticfiles.json"
    known = json.loads(manifest.read_text())
    del known["paths"]["css/app.css"]
    manifest.write_text(json.dumps(known))

    run = gunicorn(**settings)

    assert run.returncode != 0
    assert "such as css/app.css: run manage.py collectstatic" in run.stderr


def test_of8_gunicorn_has_the_threads_of_the_setting():
    run = gunicorn(THREADS_PER_PROCESS="7", GUNICORN_CMD_ARGS="--print-config")

    assert re.search(r"^threads += 7$", run.stdout, re.MULTILINE)


def test_of8_the_first_password_may_come_from_a_file(tmp_path):
    database = {"DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}", "PASSWORD_HASHER": "cheap"}
    missing = start(
        "manage.py",
        *["createsuperuser", "--noinput", "--username", "root", "--email", "root@example.com"],
        DJANGO_SUPERUSER_PASSWORD_FILE=str(tmp_path / "gone"),
        **database,
    )

    assert missing.returncode == 1
    assert missing.stderr == f"DJANGO_SUPERUSER_PASSWORD_FILE: there is no file {tmp_path / 'gone'}.\n"


def test_of13_gunicorn_does_not_serve_below_a_path():
    run = gunicorn(SITE_URL="https://auth.example.com/tfc")

    assert run.returncode == 1
    assert re.fullmatch(r"SITE_URL must be .*: write 'https://auth.example.com'\.\n", run.stderr)


def test_of1_a_site_serves_and_sends_mails_under_a_name_from_a_file(start_site, db, tmp_path):
    make_user("alice")
    name = 'Müller & "Söhne", Inc. #1 @ 100 %'
    file = tmp_path / "name"
    file.write_text(f"{name}\n", encoding="utf-8")
    site = start_site(SITE_NAME_FILE=str(file), workers=1)

    page = site.visitor().get("/session")
    api = site.visitor().get("/api/v2/ping")
    site.visitor().post_form("/account/password/forgot", email="alice@example.com")

    assert f"Sign in to {escape(name)}" in page.text
    assert str(make_header(decode_header(api.headers["TFP-AppName"]))) == name
    [sender] = site.wait_for_mail("alice@example.com")["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (name, "no-reply@localhost")


# With these there is something to say of each.
UNSAFE = {
    "DEBUG": "0",
    "HTTPS": "0",
    "SITE_URL": "http://auth.example.com",
    "ALLOWED_HOSTS": "www.example.com",
    "TRUSTED_PROXIES": "10.0.0.0/8,fc00::/7,192.168.1.1",
    "EMAIL_URL": "smtp://mail.example.com",
    "SECRET_KEY": NEEDED["ENCRYPTION_KEYS"],
    "SECRET_KEY_FALLBACKS": NEEDED["ENCRYPTION_KEYS"],
    "PASSWORD_HASHER": "cheap",
    "PLAIN_STATIC_FILES": "1",
    "API_REQUESTS_PER_SECOND": "3",
    "SMS_HOURLY_BUDGET": "10",
    "SMS_DAILY_BUDGET": "9",
}


# Misspelt variables, and what is meant.
MISSPELT = {
    "SMS_COUNTRY": "SMS_COUNTRIES",
    "SITENAME": "SITE_NAME",
    "support_email": "SUPPORT_EMAIL",
    "AUDIT_RETENTION": "AUDIT_RETENTION_DAYS",
    "DEFAULT_FROM_MAIL_FILE": "DEFAULT_FROM_EMAIL",
}


SAID = [
    "SITE_URL must be the https:// address",
    "HTTPS=0 sends passwords and cookies unencrypted",
    "add auth.example.com",
    "TRUSTED_PROXIES has 10.0.0.0/8, fc00::/7: each machine",
    "EMAIL_URL sends mails unencrypted to mail.example.com",
    "DEFAULT_FROM_EMAIL must be an address of your own",
    "SUPPORT_EMAIL is empty",
    "SECRET_KEY is in SECRET_KEY_FALLBACKS",
    "ENCRYPTION_KEYS must differ from SECRET_KEY",
    "PASSWORD_HASHER=cheap",
    "PLAIN_STATIC_FILES=1",
    "API_REQUESTS_PER_SECOND=3",
    "SMS_HOURLY_BUDGET_PER_PREFIX (50) is more than SMS_HOURLY_BUDGET (10)",
    "SMS_HOURLY_BUDGET (10) is more than SMS_DAILY_BUDGET (9)",
    "a database in memory ends with the process",
    "leave accounts.factors.sms.factor.SMSFactor out of SECOND_FACTORS",
]


def test_of8_check_deploy_says_something_for_each_misuse():
    run = start("manage.py", "check", "--deploy", **MISSPELT, **UNSAFE)

    assert run.returncode == 1
    for piece in [*MISSPELT.values(), *SAID]:
        assert piece in run.stderr


def test_of8_variables_of_others_are_no_mistakes():
    others = "PATH HOME HOSTNAME LANG LC_ALL TZ PWD USER MAIL EMAIL PORT HOST SECRET_KEY_BASE HTTPS_PROXY"
    others += " https_proxy POSTGRES_PASSWORD PGHOST DATABASE_HOST EMAIL_HOST SMTP_URL TWILIO_REGION WORKERS"
    others += " TWILIO_PHONE_NUMBER GUNICORN_CMD_ARGS DJANGO_SETTINGS_MODULE DATABASE_URL_OLD SECRET_KEYS"
    environment = Environment(NEEDED | dict.fromkeys([*others.split(), "INVOCATION_ID"], "x"))
    for name in NAMES:
        environment.text(name)

    assert environment.misspelt() == {}
