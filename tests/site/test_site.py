"""Pages that belong to nobody."""

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.mail import EmailMessage
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.views import development
from tests.support.mails import send_by
from tests.support.people import sign_in
from tfc_auth import guide


def test_start_leads_to_signing_in_or_home(alice):
    assert Client().get("/")["Location"] == "/session"
    assert sign_in(alice).get("/")["Location"] == "/app"


def test_password_managers_find_the_page(client, db):
    assert client.get("/.well-known/change-password")["Location"] == "/app/settings/password"


def test_health_needs_no_database_and_readiness_does(client, db):
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/healthz").status_code == 200
        assert len(queries) == 0
        assert client.get("/readyz").status_code == 200
        assert len(queries) == 2


def test_not_ready_while_the_database_is_away(client, db):
    def away(*args):
        raise OperationalError("gone")

    with connection.execute_wrapper(away):
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("page", guide.pages(), ids=lambda page: page.slug)
def test_guide_page_is_served_with_its_title(client, db, page):
    response = client.get(page.url)

    assert response.status_code == 200
    assert f"<h1>{page.title}</h1>" in response.content.decode()


def test_the_guide_lists_its_pages_in_the_order_of_its_first_one():
    slugs = [page.slug for page in guide.pages()]

    assert slugs[:2] == ["index", "two-factor"]
    assert len(slugs) == len(list(guide.FOLDER.glob("*.md")))


@pytest.mark.parametrize("slug", ["nothing", "two_factor", "index.md", "..", "%2e%2e", "é"])
def test_unknown_pages_are_not_found(client, db, slug):
    assert client.get(f"/docs/{slug}").status_code == 404


def test_the_development_inbox_has_no_address_without_debug(client, db):
    assert client.get("/dev/outbox").status_code == 404


def test_the_development_inbox_says_when_a_mail_was_sent(rf, settings, tmp_path):
    settings.DEBUG, settings.MAIL_DIR = True, tmp_path
    send_by("django.core.mail.backends.filebased.EmailBackend", settings, EMAIL_FILE_PATH=str(tmp_path))
    EmailMessage("Hello", to=["a@example.com"]).send()
    (tmp_path / "2.log").write_text("To: b@example.com\nSubject: Never\nDate: some day\n\nText\n")
    request = rf.get("/dev/outbox")
    request.user = AnonymousUser()

    page = development.dev_outbox(request).content.decode()

    assert "to a@example.com, <time" in page
    assert "just now" in page
    assert re.search(r"to b@example\.com\s*<", page)


def test_the_development_inbox_shows_mails_with_links(rf, settings, tmp_path):
    settings.DEBUG, settings.MAIL_DIR = True, tmp_path
    mail = f"To: alice@example.com\nSubject: Hello <b>\n\nOpen http://testserver/x?y=1\n{'-' * 79}\n"
    (tmp_path / "1.log").write_text(mail * 2)
    request = rf.get("/dev/outbox")
    request.user = AnonymousUser()

    page = development.dev_outbox(request).content.decode()

    assert page.count("Hello &lt;b&gt;") == 2
    assert '<a href="http://testserver/x?y=1"' in page
