"""What anybody can send: every answer has the headers of R51, and none makes an alarm in the log (SF12)."""

import re
import socket
from types import SimpleNamespace

import pytest

from tests.hardening.headers import EXACTLY, lacking, weak_policy
from tests.hardening.test_live import exchange
from tests.support import environment
from tests.support.crawler import FORM
from tests.support.servers import start_site
from tests.support.visitor import parse_reply

pytestmark = pytest.mark.django_db(transaction=True)

HOST = "Host: 127.0.0.1"
HTTPS = "X-Forwarded-Proto: https"
JSON = "Content-Type: application/vnd.api+json"
LONG = "Content-Length: 50000000"
BOUNDARY = "Content-Type: multipart/form-data; boundary=b"
# So that the form is read, to look for the token in it.
CSRF = ("Origin: https://127.0.0.1", f"Cookie: __Host-csrf={'c' * 32}")
MADE_UP = "a" * 14 + ".atlasv1." + "b" * 67
MANY_FIELDS = "a=&" * 2_000
BROKEN_PARTS = "--b\r\nContent-Disposition: form-data; name=\r\n\r\n--b\r\n\x00\xff"


def form(path, body, *headers, kind=f"Content-Type: {FORM}", method="POST"):
    return ((f"{method} {path} HTTP/1.1", HOST, HTTPS, kind, f"Content-Length: {len(body)}", *headers), body)


def get(path, *headers, method="GET"):
    return ((f"{method} {path} HTTP/1.1", HOST, HTTPS, *headers), "")


# What it is: (lines and body of the request, status of the answer)
REQUESTS = {
    "a page": (get("/session"), 200),
    "health": (get("/healthz"), 200),
    "readiness": (get("/readyz"), 200),
    "a static file": (get("/static/css/app.css"), 200),
    "a static file that has not changed": (
        get("/static/css/app.css", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"),
        304,
    ),
    "part of a static file": (get("/static/css/app.css", "Range: bytes=999999999-"), 416),
    "no static file": (get("/static/nothing.css"), 404),
    "a static file by POST": (form("/static/css/app.css", ""), 405),
    "the API": (get("/api/v2/ping"), 204),
    "the API without a token": (get("/api/v2/account/details"), 401),
    "the API with a token that is made up": (
        get("/api/v2/account/details", f"Authorization: Bearer {MADE_UP}"),
        401,
    ),
    "the API with a token of nonsense": (get("/api/v2/ping", "Authorization: Bearer \xe9\xff"), 204),
    "the API with broken JSON": (form("/api/v2/organizations", '{"data', kind=JSON), 401),
    "no page": (get("/nothing"), 404),
    "to sign in": (get("/app"), 302),
    "the admin site": (get("/admin/"), 302),
    "a link of a mail": (get("/account/confirm/1.made.up"), 302),
    "over http": ((("GET /session HTTP/1.1", HOST), ""), 301),
    "the API over http": ((("GET /api/v2/ping HTTP/1.1", HOST), ""), 403),
    "a form over http": (
        (("POST /session HTTP/1.1", HOST, f"Content-Type: {FORM}", "Content-Length: 0"), ""),
        403,
    ),
    "another host": ((("GET /session HTTP/1.1", "Host: evil.example", HTTPS), ""), 400),
    "another host over http": ((("GET /session HTTP/1.1", "Host: evil.example"), ""), 400),
    "a host that is none": ((("GET /session HTTP/1.1", "Host: a b[", HTTPS), ""), 400),
    "no host, as before HTTP/1.1": ((("GET /session HTTP/1.0", HTTPS), ""), 200),
    "no host for the API": ((("GET /api/v2/ping HTTP/1.1", "Host: x:y:z", HTTPS), ""), 400),
    "a method of nobody": (get("/session", method="BREW"), 403),
    "a method of nobody for the API": (get("/api/v2/account/details", method="BREW"), 401),
    "a method that is not allowed": (get("/webhooks/sms-status"), 405),
    "a form's address": (get("/session/logout"), 303),
    "OPTIONS": (get("/session", method="OPTIONS"), 405),
    "TRACE": (get("/session", method="TRACE"), 405),
    "a form without its token": (form("/session", "username=a&password=b"), 403),
    "a form of another site": (form("/session", "username=a", "Origin: https://evil.example"), 403),
    "a form with a strange referrer": (
        form("/session", "username=a", "Referer: https://evil.example/account/confirm/1.x.Signature"),
        403,
    ),
    "a referrer that is no address": (form("/session", "username=a", "Referer: https://[::1"), 403),
    "too many fields": (form("/session", MANY_FIELDS, *CSRF), 400),
    "fields that are no UTF-8": (form("/session", "username=%ff%fe&\xff=\xfe", *CSRF), 403),
    "a form in another charset": (form("/session", "a=b", kind=f"Content-Type: {FORM}; charset=utf-16"), 400),
    "a form in no charset": (form("/session", "a=b", kind=f"Content-Type: {FORM}; charset=\xff"), 400),
    "a content type that is none": (
        form("/session", "a=b", kind="Content-Type: ;;;=\xff;charset*=x'y"),
        None,
    ),
    "parts that are broken": (form("/session", BROKEN_PARTS, *CSRF, kind=BOUNDARY), None),
    "parts without a boundary": (
        form("/session", "x", *CSRF, kind="Content-Type: multipart/form-data"),
        None,
    ),
    "parts with a boundary of nonsense": (
        form("/session", "x", *CSRF, kind="Content-Type: multipart/form-data; boundary=\xff\xfe"),
        None,
    ),
    "a body that is too long": (
        (("POST /session HTTP/1.1", HOST, HTTPS, f"Content-Type: {FORM}", LONG), ""),
        413,
    ),
    "a body that is too long for the API": (
        (("POST /api/v2/ping HTTP/1.1", HOST, HTTPS, JSON, LONG), ""),
        413,
    ),
    "a report of texts without a signature": (form("/webhooks/sms-status", "MessageSid=\x00"), 403),
    "a query that is no UTF-8": (get("/session?next=%ff%fe&%ff=%c0%80"), 200),
    "a NUL in the query": (get("/session?a=%00"), 400),
    "a NUL in the path": (get("/session%00"), 400),
    "a path that is no UTF-8": (get("/%ff%fe/%c0%80"), 404),
    "a path of dots": (get("/static/../../etc/passwd"), 404),
    "a path of backslashes": (get("/static/..%5c..%5cetc"), 404),
    "cookies of nonsense": (get("/app", 'Cookie: __Host-session=\xff\xfe"; __Host-csrf=\xe9; =; a; "b'), 302),
    "a cookie of an attribute": (get("/app", "Cookie: __Host-session=x; Path=/; Secure; $Version=1"), 302),
    "messages that nobody signed": (
        get("/session", "Cookie: __Host-messages=W1sweDAsMV1d:x:y; messages=["),
        200,
    ),
    "a long cookie": (get("/app", f"Cookie: __Host-session={'x' * 6000}"), 302),
    "a language of nonsense": (get("/session", f"Accept-Language: {'x-' * 500}"), 200),
    "an address that is none": (get("/session", "X-Forwarded-For: \xff, [::, 1.2.3"), 200),
    "a page far away": (get("/api/v2/organizations?page[number]=99999999999999999999"), 401),
    "a number that is too long": (get(f"/app/settings/sessions/{'9' * 400}/end"), None),
    "a slug that is too long": (get(f"/docs/{'a' * 3000}"), 404),
}
# Not a request for gunicorn, which answers by itself, or closes the connection.
NO_REQUESTS = {
    "nonsense": (("\x16\x03\x01\x02",), ""),
    "no version": (("GET /",), ""),
    "another version": (("GET / HTTP/9.9", HOST), ""),
    "a method in small letters": (("g{t / HTTP/1.1", HOST), ""),
    "a length of minus one": (("POST /session HTTP/1.1", HOST, "Content-Length: -1"), ""),
    "a length of letters": (("POST /session HTTP/1.1", HOST, "Content-Length: x"), ""),
    "two lengths": (("POST /session HTTP/1.1", HOST, "Content-Length: 1", "Content-Length: 2"), "ab"),
    "length and chunks": (
        ("POST /session HTTP/1.1", HOST, "Content-Length: 1", "Transfer-Encoding: chunked"),
        "0",
    ),
    "an unknown coding": (("POST /session HTTP/1.1", HOST, "Transfer-Encoding: zip"), ""),
    "bad chunks": (("POST /session HTTP/1.1", HOST, HTTPS, "Transfer-Encoding: chunked"), "zz\r\nabc\r\n"),
    "a header without a colon": (("GET /session HTTP/1.1", HOST, "nonsense"), ""),
    "a header of two lines": (("GET /session HTTP/1.1", HOST, "A: b", " c: d"), ""),
    "a header with a NUL": (("GET /session HTTP/1.1", HOST, "A: \x00"), ""),
    "a long line": ((f"GET /{'a' * 9000} HTTP/1.1", HOST), ""),
    "a long header": (("GET /session HTTP/1.1", HOST, f"A: {'a' * 20_000}"), ""),
    "many headers": (("GET /session HTTP/1.1", HOST, *[f"A{n}: b" for n in range(200)]), ""),
    "a body that stops early": (
        ("POST /session HTTP/1.1", HOST, HTTPS, *CSRF, f"Content-Type: {FORM}", "Content-Length: 100"),
        "a",
    ),
    "parts that stop early": (
        ("POST /session HTTP/1.1", HOST, HTTPS, *CSRF, BOUNDARY, "Content-Length: 900"),
        "--b\r\n",
    ),
    "a document that stops early": (
        ("PATCH /api/v2/account/update HTTP/1.1", HOST, HTTPS, JSON, "Content-Length: 100"),
        "{",
    ),
    "a report of texts that stops early": (
        ("POST /webhooks/sms-status HTTP/1.1", HOST, HTTPS, f"Content-Type: {FORM}", "Content-Length: 99"),
        "a",
    ),
    "nothing at all": ((), ""),
}
ALARM = re.compile(r"ERROR|CRITICAL|Traceback|Exception|^\s+File ", re.MULTILINE)


@pytest.fixture(scope="module")
def walk(django_db_setup, django_db_blocker):
    """Each request, sent to a real server that believes in https, with what it answered and logged."""
    site = start_site(environment.test_database_url(), HTTPS="1", TRUSTED_PROXIES="127.0.0.1", workers=1)
    with django_db_blocker.unblock():
        seen = {}
        for name, (lines, body) in {**{k: v[0] for k, v in REQUESTS.items()}, **NO_REQUESTS}.items():
            before = len(site.log())
            answer = exchange(site, *lines, *(["Connection: close"] if lines else []), body=body)
            seen[name] = SimpleNamespace(answer=answer.encode("latin-1"), log=site.log()[before:])
        for lines, body in NO_REQUESTS.values():
            hang_up(site, lines, body)
        for (lines, body), _status in REQUESTS.values():
            hang_up(site, lines, body)
        # Everything before has been logged when this has been answered.
        exchange(site, *get("/healthz", "Connection: close")[0])
        seen["all"] = SimpleNamespace(answer=b"", log=site.log())
    yield seen
    site.stop()


def hang_up(site, lines, body):
    """Send a request and be gone, with a reset, before the answer is there."""
    connection = socket.create_connection((site.host, site.port), timeout=60)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body.encode("latin-1"))
    connection.close()


@pytest.mark.parametrize("name", REQUESTS)
def test_sf12_every_answer_has_the_headers(walk, name):
    reply = parse_reply("https://127.0.0.1", walk[name].answer)
    status = REQUESTS[name][1]

    assert status is None or reply.status == status
    assert 200 <= reply.status < 500
    problems = list(lacking(reply))
    if "static file" in name and reply.status in (200, 304, 416):
        problems = [problem for problem in problems if not problem.startswith("Cache-Control")]
    assert [problem for problem in problems if not problem.startswith("Server: ")] == []
    if "over http" not in name:
        assert "max-age=" in reply.headers["Strict-Transport-Security"]


@pytest.mark.parametrize("name", NO_REQUESTS)
def test_sf12_so_have_refusals_of_what_is_no_request(walk, name):
    answer = walk[name].answer
    if not answer:
        return  # the connection was closed
    reply = parse_reply("https://127.0.0.1", answer)

    assert 400 <= reply.status < 600
    assert reply.status not in (500, 502, 503)
    assert {header: reply.headers[header] for header in EXACTLY} == EXACTLY
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in reply.headers["Permissions-Policy"]
    assert list(weak_policy(reply.headers["Content-Security-Policy"])) == []


@pytest.mark.parametrize("name", [*REQUESTS, *NO_REQUESTS, "all"])
def test_sf12_nothing_that_a_stranger_sends_makes_an_alarm(walk, name):
    assert ALARM.findall(walk[name].log) == []


def test_sf12_another_host_is_one_line_of_the_log(walk):
    [line] = walk["another host"].log.splitlines()

    assert " INFO django.request [" in line
    assert "'evil.example'" in line


def test_sf12_a_referrer_with_a_link_is_not_in_the_log(walk):
    assert "Signature" not in walk["all"].log
