"""What `check --deploy` says of settings."""

import re
from pathlib import Path

import pytest
from django.core.checks import Tags, run_checks

from accounts.checks.connections import file_system_of
from tests.support.environment import ROOT
from tests.support.starts import NEEDED

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
        ("SIGN_UP", "invited", "accounts.W020"),
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
