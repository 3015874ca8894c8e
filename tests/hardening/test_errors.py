"""The error pages in production: their headers, their look, and how little they tell."""

import pytest
from django.db import OperationalError, connection
from django.test import Client

from tests.hardening.headers import lacking
from tests.support.crawler import FORM
from tests.support.people import make_user, post_password

pytestmark = pytest.mark.django_db


def away(*args):
    raise OperationalError("connection to server at /secret/socket failed")


def broken(*args):
    raise RuntimeError("a secret in /the/code.py")


def too_many_wrong_passwords(client):
    make_user("hurried")
    for _ in range(11):
        response = client.post("/session", {"username": "hurried", "password": "wrong"})
    return response


def with_the_database(state):
    def ask(client):
        client.cookies["session"] = "some key"
        with connection.execute_wrapper(state):
            return client.get("/app")

    return ask


ERRORS = {
    "400 host": (400, lambda client: client.get("/session", headers={"Host": "evil.example"})),
    "400 charset": (400, lambda client: client.post("/session", b"", content_type=f"{FORM}; charset=utf-16")),
    "400 fields": (400, lambda client: client.post("/session", {f"a{n}": "" for n in range(1001)})),
    "403 form": (403, lambda client: client.post("/session", {"username": "max"})),
    "404": (404, lambda client: client.get("/nothing-here")),
    "405": (405, lambda client: client.post("/healthz")),
    "413": (413, lambda client: client.post("/session", {"password": "x" * 2_400_000})),
    "422": (422, lambda client: client.post("/session", {"username": "max"})),
    "429": (429, too_many_wrong_passwords),
    "500": (500, with_the_database(broken)),
    "503": (503, with_the_database(away)),
}


@pytest.fixture(params=ERRORS)
def error(request, db):
    """The answer to something that goes wrong, in production mode."""
    status, ask = ERRORS[request.param]
    client = Client(enforce_csrf_checks=request.param == "403 form", raise_request_exception=False)
    response = ask(client)
    assert response.status_code == status
    return response


def test_wh_01_every_error_has_the_headers(error):
    assert list(lacking(error)) == []


def test_error_pages_look_like_the_site(error):
    page = error.content.decode()

    assert error["Content-Type"] == "text/html; charset=utf-8"
    assert page.count("<h1>") == 1
    assert "css/app.css" in page
    assert 'class="topbar"' in page or 'class="entrance"' in page


def test_wh_11_error_pages_tell_nothing(error):
    page = error.content.decode().lower()

    for secret in ["secret", "traceback", "django", "python", ".py", "settings", "exception", "evil"]:
        assert secret not in page


def test_wh_11_a_method_that_is_not_allowed_says_which_are(client, db):
    assert client.put("/session/logout")["Allow"] == "GET, HEAD, POST"
    assert client.post("/healthz")["Allow"] == "GET, HEAD"


def test_503_says_when_to_try_again(db):
    response = with_the_database(away)(Client(raise_request_exception=False))

    assert response["Retry-After"] == "30"


def test_no_cookie_comes_with_an_answer_that_needs_none(client, db):
    for path in ["/healthz", "/readyz", "/", "/docs", "/nothing-here"]:
        assert not client.get(path).cookies, path


def test_signed_in_pages_are_not_for_shared_caches(alice):
    client = Client()
    post_password(client, alice)

    assert "Cookie" in client.get("/app/settings/profile")["Vary"]
