"""Cookies and transport as they are behind a proxy that speaks HTTPS (R49, R51, WH-01)."""

from functools import reduce

import pytest

from tests.support.people import PASSWORD
from tests.support.visitor import Visitor

PREFIX = "__Host-"


class SecureVisitor(Visitor):
    """A browser whose requests come through the proxy that ends TLS."""

    def prepare(self, method, url, fields, headers):
        target, body, headers = super().prepare(method, url, fields, headers)
        headers["X-Forwarded-Proto"] = "https"
        if "Origin" in headers:
            headers["Origin"] = headers["Origin"].replace("http:", "https:")
        return target, body, headers


@pytest.fixture
def secure_site(start_site):
    return start_site(HTTPS="1", TRUSTED_PROXIES="127.0.0.1", workers=1)


@pytest.fixture
def cookies(secure_site, alice):
    """Every cookie that signing in, a message and a link from a mail set, as name -> Morsel."""
    visitor = SecureVisitor(secure_site.url)
    replies = [
        visitor.get("/session"),
        visitor.get("/account/confirm/MTIz.made.up"),
        visitor.get("/account/password/reset/MTIz.made.up"),
        visitor.post_form("/session", username="alice", password=PASSWORD),
        visitor.post_form("/app", "Log out"),
    ]
    set_first = [
        {name: morsel for name, morsel in reply.cookies.items() if morsel.value} for reply in replies
    ]
    return reduce(lambda seen, new: new | seen, set_first)


def test_r49_cookies_over_https_are_bound_to_this_host(cookies):
    names = {"__Host-session", "__Host-csrf", "__Host-known-browser", "__Host-messages"}
    links = {"__Secure-confirm-email", "__Secure-reset-password"}  # they go to one path only

    assert set(cookies) == names | links
    for name, morsel in cookies.items():
        assert morsel["domain"] == "", name
        assert morsel["secure"], name
        assert morsel["httponly"], name
        assert morsel["samesite"] == "Lax", name
        assert morsel["path"] == "/" or name in links, name


def test_r49_a_link_goes_to_its_own_page_only(cookies):
    assert cookies["__Secure-confirm-email"]["path"] == "/account/confirm"
    assert cookies["__Secure-reset-password"]["path"] == "/account/password/reset"


def test_r51_https_is_remembered_and_http_left(secure_site):
    response = SecureVisitor(secure_site.url).get("/session")
    plain = secure_site.visitor().get("/session?next=/app")

    seconds = int(response.headers["Strict-Transport-Security"].partition("max-age=")[2].partition(";")[0])
    assert seconds == 31_536_000  # a year
    assert response.headers["Strict-Transport-Security"] == f"max-age={seconds}"  # nothing of other hosts
    assert plain.status == 301
    assert plain.headers["Location"] == f"{secure_site.url.replace('http:', 'https:')}/session?next=/app"


def test_r52_over_https_a_form_needs_the_referer_of_this_site(secure_site, alice):
    visitor = SecureVisitor(secure_site.url)
    form = visitor.get("/session").form()
    fields = {**form.fields, "username": "alice", "password": PASSWORD}

    for headers in [{"Origin": "https://evil.example"}, {"Origin": "null"}]:
        reply = Evil(visitor, headers).post("/session", fields)
        assert reply.status == 403, headers


class Evil(SecureVisitor):
    """Another site's page that sends a form with this browser's cookies."""

    def __init__(self, visitor, headers):
        super().__init__(visitor.base_url)
        self.cookies = visitor.cookies
        self.evil = headers

    def prepare(self, method, url, fields, headers):
        target, body, headers = super().prepare(method, url, fields, headers)
        return target, body, headers | self.evil
