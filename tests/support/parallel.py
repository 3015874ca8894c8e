"""Prepare many browsers on the same page, and requests as bytes for a volley."""

import json
import re

from tests.support import people
from tests.support.visitor import Visitor

AT_ONCE = 20
ROUNDS = 5
CSRF_TOKEN = "x" * 32  # a browser that sends the same one as cookie and as field has seen our form

CHALLENGE = "/session/two-factor"
RECOVERY = "/session/two-factor-recovery"


def browser(site):
    visitor = site.visitor()
    visitor.cookies["csrf"] = CSRF_TOKEN
    return visitor


def second_browser(visitor):
    """Return a second browser with a copy of the cookies."""
    other = Visitor(visitor.base_url)
    other.cookies = dict(visitor.cookies)
    return other


def post(visitor, path, **fields):
    return visitor.post(path, {"csrfmiddlewaretoken": visitor.cookies["csrf"], **fields})


def write_down(visitor, path, **fields):
    """Return the request of `post` as bytes for a volley."""
    return visitor.raw("POST", path, {"csrfmiddlewaretoken": visitor.cookies["csrf"], **fields})


def called(site, method, path, secret, content=None):
    """Return an API request of a program as bytes for a volley."""
    body = b"" if content is None else json.dumps(content).encode()
    lines = [
        f"{method} /api/v2{path} HTTP/1.1",
        f"Host: {site.host}:{site.port}",
        f"Authorization: Bearer {secret}",
        "Content-Type: application/vnd.api+json",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def sign_in(site, user, app=None, password=people.PASSWORD):
    """Return a browser in which this user is fully signed in."""
    visitor = browser(site)
    reply = post(visitor, "/session", username=user.username, password=password)
    if app is not None:
        assert reply.location == CHALLENGE, reply.text
        reply = post(visitor, CHALLENGE, code=app.fresh_code())
    assert reply.location == "/app", reply.text
    return visitor


def pending_login(site, user):
    """Return a browser that has given the correct password and is asked for a code."""
    visitor = browser(site)
    reply = post(visitor, "/session", username=user.username, password=people.PASSWORD)
    assert reply.location == CHALLENGE, reply.text
    return visitor


def pending_logins(site, user, count=AT_ONCE):
    return [pending_login(site, user) for _ in range(count)]


def start_enrolment(visitor, user):
    """Choose the application and scan the key that the page shows; return the application."""
    reply = post(visitor, f"{people.TWO_FACTOR}/enable", method="app")
    assert reply.location == f"{people.TWO_FACTOR}/confirm", reply.text
    return scan(visitor, user)


def scan(visitor, user):
    page = visitor.get(f"{people.TWO_FACTOR}/confirm").text
    return people.Authenticator(user, page.partition('data-value="')[2].partition('"')[0])


def codes_on(reply):
    """Return the backup codes that a page shows."""
    return re.findall(r"<code>([0-9A-Z-]{15})</code>", reply.text)


def fire(site, raws):
    """Send all requests at the same moment; return the replies. Fails if one is a server error."""
    replies = site.volley(raws)
    statuses = [reply.status for reply in replies]
    assert max(statuses) < 500, f"{statuses}\n{site.log()[-5000:]}"
    return replies


def logged_in(replies):
    return [reply for reply in replies if reply.location == "/app"]


def is_signed_in(site, cookies):
    """Return whether a browser with these cookies gets a page for signed-in people."""
    visitor = browser(site)
    visitor.cookies |= cookies
    return visitor.get("/app/settings/profile").status == 200


def session_cookie(reply):
    return {"session": reply.cookies["session"].value} if "session" in reply.cookies else {}
