"""What comes over http while the site is served over https: nothing secret is sent twice (SF9, R54)."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent
from accounts.tokens import issuing
from tests.api.clients import token_of, token_of_organization
from tests.hardening.headers import lacking
from tests.support.organizations import found
from tests.support.people import PASSWORD
from tests.support.statements import sent, statements
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db(transaction=True)

MADE_UP = "a" * 14 + ".atlasv1." + "b" * 67
PROGRAM_PATHS = [
    "/api/v2/account/details",
    "/api/v2/ping",
    "/api/v2/nothing",
    "/api/",
    "/oauth/token",
    "/oauth/authorization",
    "/webhooks/sms-status",
    "/.well-known/terraform.json",
]


@pytest.fixture(autouse=True)
def served_over_https(settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.SITE_URL = "https://auth.example.com"
    settings.TRUSTED_PROXIES = ["10.0.0.1"]


def bearer(secret):
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS", "BREW"])
@pytest.mark.parametrize("path", PROGRAM_PATHS)
def test_sf9_programs_are_refused_and_not_redirected(client, path, method):
    answer = client.generic(method, path, b'{"data": {}}', content_type="application/vnd.api+json")

    assert answer.status_code == 403
    assert "Location" not in answer
    assert answer["Content-Type"] == "application/vnd.api+json"
    assert list(lacking(answer)) == []
    if method != "HEAD":
        [error] = answer.json()["errors"]
        assert (error["status"], error["title"]) == ("403", "https required")
        assert "https://auth.example.com" in error["detail"]


@pytest.mark.parametrize(
    "path", ["/", "/session?next=/app", "/app/open", "/docs", "/nothing", "/static/x.css"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_sf9_who_opens_a_page_is_led_to_https(client, path, method):
    answer = client.generic(method, path)

    assert (answer.status_code, answer["Location"]) == (301, f"https://testserver{path}")
    assert list(lacking(answer)) == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "BREW"])
@pytest.mark.parametrize(
    "path", ["/session", "/account/new", "/account/password/reset", "/admin/login/", "/nothing"]
)
def test_sf9_a_form_with_a_password_is_not_sent_on(client, path, method):
    answer = client.generic(
        method, path, f"username=alice&password={PASSWORD}", "application/x-www-form-urlencoded"
    )

    assert answer.status_code == 403
    assert "Location" not in answer
    assert "This connection isn't encrypted" in answer.content.decode()
    assert 'href="https://auth.example.com"' in answer.content.decode()
    assert not answer.cookies
    assert list(lacking(answer)) == []


def test_sf9_a_password_over_http_signs_nobody_in(client, alice):
    assert client.post("/session", {"username": "alice", "password": PASSWORD}).status_code == 403
    assert alice.sessions.count() == 0


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_sf9_load_balancers_may_ask_over_http(client, path):
    assert client.get(path).status_code == 200


# ---------------------------------------------------------------- who is told


def test_sf9_the_owner_of_a_token_that_came_in_clear_is_told_once_a_day(client, alice):
    secret = token_of(alice, description="build server")
    mail.outbox.clear()

    for path in ["/api/v2/account/details", "/api/v2/ping", "/session", "/nothing"]:
        assert client.get(path, headers=bearer(secret)).status_code == 403
    assert client.post("/oauth/token", headers=bearer(secret)).status_code == 403

    [told] = mail.outbox
    assert told.to == [alice.email]
    assert "build server" in told.body
    assert "https://auth.example.com/app/settings/tokens" in told.body
    assert "127.0.0.1" in told.body
    assert secret not in told.body
    event = AuditEvent.objects.get(event="token.sent_in_clear")
    assert (event.user_id, event.actor, event.ip) == (alice.pk, "user:alice", "127.0.0.1")

    with time_machine.travel(timezone.now() + timedelta(seconds=86_401)):
        client.get("/api/v2/ping", headers=bearer(secret))
    assert len(mail.outbox) == 2


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_sf9_so_is_the_owner_of_a_token_that_a_probe_carries(client, alice, path):
    secret = token_of(alice)
    mail.outbox.clear()

    assert client.get(path, headers=bearer(secret)).status_code == 200

    assert [told.to for told in mail.outbox] == [[alice.email]]


def test_sf9_each_token_is_told_about(client, alice):
    secrets = [token_of(alice), token_of(alice)]
    mail.outbox.clear()

    for secret in secrets:
        client.get("/api/v2/ping", headers=bearer(secret))

    assert len(mail.outbox) == 2


@pytest.mark.parametrize("kind", ["organization", "owners"])
def test_sf9_all_owners_of_an_organization_are_told_about_its_token(client, alice, bob, kind):
    acme = found("acme", alice, owners=[bob])
    secret = token_of_organization(acme, kind)
    mail.outbox.clear()

    for _ in range(3):
        client.get("/api/v2/ping", headers=bearer(secret))

    assert sorted(to for told in mail.outbox for to in told.to) == sorted([alice.email, bob.email])
    assert "/app/acme/settings/authentication-tokens" in mail.outbox[0].body
    assert secret not in mail.outbox[0].body
    event = AuditEvent.objects.get(event="organization.token_sent_in_clear")
    assert event.data["kind"] == kind


def test_sf9_the_token_goes_on_working_and_was_not_used(client, alice):
    token, secret = issuing.create(alice, description="ci", expires_at=None, actor=Actor.command())

    client.get("/api/v2/account/details", headers=bearer(secret))

    token.refresh_from_db()
    assert token.last_used_at is None
    assert client.get("/api/v2/account/details", headers=bearer(secret), secure=True).status_code == 200


def test_sf9_the_answer_does_not_tell_whether_a_token_is_right(client, alice):
    right, ended = token_of(alice), token_of(alice)
    alice.api_tokens.order_by("-pk").first().delete()

    answers = [
        client.get("/api/v2/account/details", headers=bearer(secret))
        for secret in [right, ended, MADE_UP, "nonsense", right, "é\x00"]
    ]

    assert len({(answer.status_code, answer.content) for answer in answers}) == 1
    assert len({tuple(sorted(set(answer.headers) - {"X-Request-Id"})) for answer in answers}) == 1


def test_sf9_trying_tokens_over_http_uses_up_the_same_budget(client, alice):
    right = token_of(alice)
    for _ in range(101):
        client.get("/api/v2/ping", headers=bearer(MADE_UP))
    mail.outbox.clear()

    with sent() as queries:
        assert client.get("/api/v2/ping", headers=bearer(MADE_UP)).status_code == 403
    assert statements(queries) == []
    assert client.get("/api/v2/ping", headers=bearer(MADE_UP), secure=True).status_code == 422

    client.get("/api/v2/ping", headers=bearer(right))
    assert len(mail.outbox) == 1


def test_sf9_without_a_database_it_is_still_refused(client):
    def away(*args):
        raise OperationalError("gone")

    with connection.execute_wrapper(away):
        assert client.get("/api/v2/ping", headers=bearer(MADE_UP)).status_code == 403


# ---------------------------------------------------------------- who says that it is https


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Proto": "https"},
        {"X-Forwarded-Protocol": "ssl"},
        {"X-Forwarded-Ssl": "on"},
        {"Forwarded": "proto=https"},
        {"Front-End-Https": "on"},
        {"X-Url-Scheme": "https"},
    ],
)
def test_sf9_only_a_trusted_proxy_makes_it_https(alice, headers):
    secret = token_of(alice)

    assert Client(headers=headers).get("/api/v2/ping", headers=bearer(secret)).status_code == 403
    assert AuditEvent.objects.filter(event="token.sent_in_clear").count() == 1


@pytest.mark.parametrize("header", ["X-Forwarded-Proto", "X-Forwarded-Protocol", "X-Forwarded-Ssl"])
def test_sf9_a_server_that_has_believed_such_a_header_is_not_believed(client, header):
    """gunicorn believes them of every process on its machine, unless it is told not to."""
    options = {"headers": {header: "https"}, "secure": True}

    assert client.get("/api/v2/ping", **options).status_code == 403
    assert client.get("/api/v2/ping", **options, REMOTE_ADDR="10.0.0.1").status_code == (
        204 if header == "X-Forwarded-Proto" else 403
    )


def test_sf9_a_real_server_refuses_in_the_same_way(start_site, alice):
    secret = token_of(alice)
    site = start_site(HTTPS="1", TRUSTED_PROXIES="127.0.0.1", ALLOWED_HOSTS="127.0.0.1")
    program = Visitor(site.url)

    refused = program.get(
        "/api/v2/account/details", Authorization=f"Bearer {secret}", X_Forwarded_Proto="http"
    )
    accepted = program.get(
        "/api/v2/account/details", Authorization=f"Bearer {secret}", X_Forwarded_Proto="https"
    )

    assert (refused.status, refused.location) == (403, None)
    assert accepted.status == 200
    assert "without encryption" in site.wait_for_mail(alice.email)["Subject"]
    assert site.visitor().post("/session", {"username": "alice", "password": PASSWORD}).status == 403
    assert secret not in site.log()
