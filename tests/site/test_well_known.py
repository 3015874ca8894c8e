"""What browsers, crawlers, password managers and researchers look for without being told."""

import logging
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.hardening.headers import PUBLIC, lacking
from tests.support.people import sign_in

pytestmark = pytest.mark.django_db

SECURITY = "/.well-known/security.txt"
ICONS = ["/favicon.ico", "/apple-touch-icon.png", "/apple-touch-icon-precomposed.png"]


@pytest.fixture
def contact(settings):
    settings.SECURITY_CONTACT = ["mailto:security@example.com", "https://example.com/report"]
    settings.SITE_URL = "https://auth.example.com"


def fields(answer):
    return [tuple(line.split(": ", 1)) for line in answer.content.decode().splitlines()]


def test_security_txt_says_what_rfc_9116_asks_for(client, contact):
    with time_machine.travel("2026-03-01T15:04:05Z", tick=False):
        answer = client.get(SECURITY)

    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert fields(answer) == [
        ("Contact", "mailto:security@example.com"),
        ("Contact", "https://example.com/report"),
        ("Expires", "2026-08-28T00:00:00Z"),
        ("Preferred-Languages", "en"),
        ("Canonical", f"https://auth.example.com{SECURITY}"),
        ("Policy", "https://auth.example.com/docs/report-a-vulnerability"),
    ]
    assert client.get("/docs/report-a-vulnerability").status_code == 200


@pytest.mark.parametrize("day", ["2026-01-01", "2027-12-31", "2028-02-29"])
def test_security_txt_is_good_for_less_than_a_year_and_the_same_all_day(client, contact, day):
    with time_machine.travel(f"{day}T00:00:00Z", tick=False):
        first = client.get(SECURITY).content
    with time_machine.travel(f"{day}T23:59:59Z", tick=False):
        answer = client.get(SECURITY)

    assert answer.content == first
    expires = datetime.fromisoformat(dict(fields(answer))["Expires"])
    assert (
        timedelta(days=30) < expires - datetime.fromisoformat(day).replace(tzinfo=UTC) < timedelta(days=365)
    )


@pytest.mark.parametrize("debug", [False, True])
def test_without_a_contact_the_answer_says_so_and_nothing_is_logged(client, settings, caplog, debug):
    settings.SECURITY_CONTACT, settings.DEBUG = [], debug
    with caplog.at_level(logging.DEBUG):
        answer = client.get(SECURITY)

    assert (answer.status_code, answer["Content-Type"]) == (404, "text/plain; charset=utf-8")
    assert "SECURITY_CONTACT" in answer.content.decode()
    assert caplog.records == []
    assert debug or list(lacking(answer)) == []  # django-csp leaves its header out of such answers then


def test_the_deployment_check_hints_at_a_missing_contact(settings, capsys):
    settings.SECURITY_CONTACT = []
    call_command("check", deploy=True, fail_level="CRITICAL")
    assert "SECURITY_CONTACT is empty" in capsys.readouterr().err

    settings.SECURITY_CONTACT = ["mailto:security@example.com"]
    call_command("check", deploy=True, fail_level="CRITICAL")
    assert "SECURITY_CONTACT" not in capsys.readouterr().err


def allowed(path, rules):
    """Whether a crawler may open a path: the longest rule decides, `$` ends it (RFC 9309)."""
    fitting = [
        (len(rule), verb == "Allow")
        for verb, rule in rules
        if re.match(re.escape(rule).replace(r"\$", "$"), path)
    ]
    return max(fitting)[1]


@pytest.mark.parametrize(
    ("path", "may"),
    [
        ("/", True),
        ("/session", True),
        ("/docs", True),
        ("/docs/two-factor", True),
        ("/static/css/app.css", True),
        ("/session/two-factor", False),
        ("/session?next=/app", False),
        ("/account/new", False),
        ("/account/password/reset/a-token", False),
        ("/app/acme", False),
        ("/app/invitations/a-token", False),
        ("/admin/", False),
        ("/api/v2/ping", False),
    ],
)
def test_crawlers_may_open_the_start_page_and_the_guide(client, path, may):
    text = client.get("/robots.txt").content.decode()
    agent, *rules = [tuple(line.split(": ")) for line in text.splitlines()]

    assert agent == ("User-agent", "*")
    assert allowed(path, rules) is may


@pytest.mark.parametrize("path", ICONS)
def test_an_icon_is_where_browsers_and_telephones_ask_for_it(client, path):
    answer = client.get(path)

    assert answer.status_code == 302
    file = finders.find(answer["Location"].removeprefix("/static/"))
    with open(file, "rb") as icon:
        assert icon.read(8) == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("path", ["/robots.txt", SECURITY, *ICONS])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_public_files_need_no_database_and_may_be_cached(contact, alice, path, method):
    client = sign_in(alice)
    with CaptureQueriesContext(connection) as queries:
        answer = client.generic(method, path)

    assert answer.status_code in (200, 302)
    assert list(lacking(answer)) == []
    assert path in PUBLIC
    assert answer["Cache-Control"] == "public, max-age=86400"
    assert not answer.cookies
    assert "Cookie" not in answer.get("Vary", "")
    assert len(queries) == 0
    assert (answer.content == b"") is (method == "HEAD" or answer.status_code == 302)


@pytest.mark.parametrize("path", ["/robots.txt", SECURITY, *ICONS, "/.well-known/change-password"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_public_files_are_only_read(contact, path, method):
    answer = Client().generic(method, path)

    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
    assert answer["Cache-Control"] == "no-store"
    assert list(lacking(answer)) == []


def test_a_site_that_has_no_such_page_says_404_to_password_managers(client):
    """They try this before they trust the redirect of change-password (W3C)."""
    path = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200"

    assert client.get(path).status_code == client.get(f"{path}/").status_code == 404


@pytest.mark.parametrize("path", ["/robots.txt", SECURITY, "/favicon.ico", "/.well-known/change-password"])
def test_over_http_they_lead_to_https(client, contact, settings, path):
    settings.SECURE_SSL_REDIRECT = True

    answer = client.get(path)

    assert (answer.status_code, answer["Location"]) == (301, f"https://testserver{path}")
