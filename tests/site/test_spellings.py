"""One address for each page: with the slash or without it, by this name of the machine or by another."""

import re
from urllib.parse import unquote

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.hardening.headers import lacking
from tests.support.crawler import routes
from tfc_auth.spellings import LoopbackMiddleware, is_page

pytestmark = pytest.mark.django_db

PAGES = [route.template for route in routes() if route.template != "/"]


@pytest.fixture
def no_statements():
    with CaptureQueriesContext(connection) as queries:
        yield
    assert len(queries) == 0


def test_every_page_answers_with_and_without_the_slash(client, no_statements):
    tried = 0
    for template in PAGES:
        path = filled(template)
        other = path[:-1] if path.endswith("/") else f"{path}/"
        if is_page(other) or not is_page(path):
            continue  # the token of a link may hold anything; the admin site's last view catches the rest
        answer = client.get(f"{other}?next=/app&x=%C3%A9")

        assert (answer.status_code, answer["Location"]) == (301, f"{path}?next=/app&x=%C3%A9"), other
        assert list(lacking(answer)) == []
        tried += 1
    assert tried > 60


def filled(template):
    """A path with a value that any argument can have."""
    return re.sub(r"%\(\w+\)s", "1", template)


@pytest.mark.parametrize(
    ("asked", "leads_to"),
    [
        ("/docs/", "/docs"),
        ("/docs//", "/docs"),
        ("/docs/two-factor/", "/docs/two-factor"),
        ("/app/", "/app"),
        ("/app/acme/settings/users/", "/app/acme/settings/users"),
        ("/session/", "/session"),
        ("/robots.txt/", "/robots.txt"),
        ("/admin", "/admin/"),
        ("/admin/accounts/user", "/admin/accounts/user/"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_examples(client, no_statements, asked, leads_to, method):
    answer = client.generic(method, asked)

    assert (answer.status_code, answer["Location"]) == (301, leads_to)


@pytest.mark.parametrize(
    "path",
    [
        "/nothing/",
        "//evil.example/",
        "///evil.example//",
        "/%5Cevil.example/",
        "/%2F%2Fevil.example/",
        "/static/",
        "/static/css/app.css/",
        "/api/v2/ping/",
        "/api/",
        "/.well-known/",
    ],
)
def test_what_is_no_page_is_not_found_and_leads_nowhere(client, path):
    answer = client.get("/", PATH_INFO=unquote(path))

    assert answer.status_code == 404
    assert "Location" not in answer


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_form_is_not_redirected(method):
    answer = Client().generic(method, "/session/", b"username=alice")

    assert answer.status_code == 404
    assert "Location" not in answer


# ---------------------------------------------------------------- the names of this machine


@pytest.fixture
def at_localhost(settings):
    settings.DEBUG = True
    settings.SITE_URL = "http://localhost:8107"
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", "demo.example"]


def asked(rf, host, path="/app?x=1", method="GET"):
    """Where the middleware leads, or "served"."""
    answer = LoopbackMiddleware(lambda request: {"Location": "served"})(
        rf.generic(method, path, headers={"Host": host})
    )
    return answer["Location"]


@pytest.mark.parametrize(
    ("host", "method", "path", "leads_to"),
    [
        ("127.0.0.1:8107", "GET", "/app?x=1", "http://localhost:8107/app?x=1"),
        ("[::1]:8107", "HEAD", "/", "http://localhost:8107/"),
        ("localhost:8107", "GET", "/app", "served"),
        ("127.0.0.1:8107", "POST", "/session", "served"),
        ("127.0.0.1:8107", "GET", "/api/v2/ping", "served"),
        ("127.0.0.1:8107", "GET", "/healthz", "served"),
        ("127.0.0.1:9999", "GET", "/app", "served"),
        ("127.0.0.1:99999", "GET", "/app", "served"),
        ("demo.example:8107", "GET", "/app", "served"),
    ],
)
def test_one_name_for_the_pages_of_a_demo(rf, at_localhost, host, method, path, leads_to):
    assert asked(rf, host, path, method) == leads_to


@pytest.mark.parametrize(
    ("name", "value"),
    [("DEBUG", False), ("SITE_URL", "https://localhost:8107"), ("SITE_URL", "http://a.example")],
)
def test_elsewhere_no_name_is_preferred(rf, at_localhost, settings, name, value):
    setattr(settings, name, value)
    with pytest.raises(MiddlewareNotUsed):
        asked(rf, "127.0.0.1:8107")
