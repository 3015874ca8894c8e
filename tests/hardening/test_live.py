"""What only real servers and raw bytes show (WH-02, WH-09, WH-10, WH-12, WH-13)."""

import logging
import re
import socket

import pytest

from tests.support.crawler import FORM, CrawledPage
from tests.support.people import PASSWORD
from tfc_auth.logs import LineFormatter, RequestIdFilter

HOST = "Host: 127.0.0.1"
SMUGGLED = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

TARGETS = ["//evil.example", "//evil.example/app", "http://evil.example/app", "///app"]
NO_REQUESTS = [
    "GET / HTTP/9.9",
    "GET /",
    "get / HTTP/1.1",
    "G\x01T / HTTP/1.1",
    "GET /\x00 HTTP/1.1",
    "\x16\x03\x01",
    "A" * 9000,
]
BAD_CHUNKS = [
    "zz\r\nabc\r\n0\r\n\r\n",
    "5\r\nabcde0\r\n\r\n",
    "-1\r\na\r\n0\r\n\r\n",
    "ffffffffffffffffff\r\n",
]
# A record of ours, a further line of one, or a record of gunicorn's.
LINE = re.compile(r"(\d{4}-\d\d-\d\d [\d:,]{12} [A-Z]+ [\w.]+ \[(-|[0-9a-f]{16})\] |    |\[\d{4}-)")


def exchange(site, *lines, body="", end=True):
    """Send these lines as they are; return all that comes back until the server closes."""
    with socket.create_connection((site.host, site.port), timeout=60) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body.encode("latin-1"))
        if end:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer.decode("latin-1")


def statuses(answer):
    return [int(status) for status in re.findall(r"^HTTP/1\.\d (\d{3})", answer, re.MULTILINE)]


# ---------------------------------------------------------------- hosts and request lines


@pytest.mark.parametrize(
    "lines",
    [
        ("GET /session HTTP/1.1", "Host: evil.example"),
        ("GET /session HTTP/1.1", HOST, "Host: evil.example"),
        ("GET /session HTTP/1.1", "Host: evil.example", HOST),
        ("GET /session HTTP/1.1", "Host: 127.0.0.1, evil.example"),
        ("GET /session HTTP/1.1", "Host: 127.0.0.1@evil.example"),
        ("GET /session HTTP/1.1", "Host:"),
        ("GET /session HTTP/1.1", "Host: 127.0.0.1\tevil.example"),
        ("GET http://evil.example/session HTTP/1.1", "Host: evil.example"),
    ],
)
def test_wh_02_another_host_or_two_are_refused(live_site, lines):
    answer = exchange(live_site, *lines, "Connection: close")

    assert statuses(answer) == [400]
    assert "evil" not in answer


@pytest.mark.parametrize("target", TARGETS)
def test_wh_09_a_target_that_looks_like_another_site_leads_nowhere(live_site, target):
    answer = exchange(live_site, f"GET {target} HTTP/1.1", HOST, "Connection: close")

    assert statuses(answer)[0] in (302, 400, 404)
    location = re.search(r"^Location: (\S*)", answer, re.MULTILINE)
    assert location is None or location[1] == "/session?next=/app"


@pytest.mark.parametrize("line", NO_REQUESTS)
def test_wh_09_nonsense_for_a_request_is_no_server_error(live_site, line):
    answer = exchange(live_site, line, HOST, "Connection: close")

    assert [status for status in statuses(answer) if status >= 500 and status not in (501, 505)] == []
    assert "Traceback" not in answer


# ---------------------------------------------------------------- smuggling


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 4", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Content-Length: 4"),
        ("Content-Length: 4", "Content-Length: 60"),
        ("Content-Length: 4, 60",),
        ("Content-Length: -1",),
        ("Content-Length: +4",),
        ("Content-Length: 0x4",),
        ("Content-Length: 4 4",),
        ("Transfer-Encoding: xchunked",),
        ("Transfer-Encoding: chunked, identity",),
        ("Transfer-Encoding: identity, chunked, chunked",),
        ("Transfer-Encoding : chunked",),
        ("Transfer-Encoding:\x0bchunked",),
        ("Transfer_Encoding: chunked", "Content-Length: x"),
        ("X: y\rTransfer-Encoding: chunked",),
        ("X: y\nTransfer-Encoding: chunked",),
        (" Transfer-Encoding: chunked",),
    ],
)
def test_wh_13_a_body_of_two_lengths_is_refused_and_hides_no_request(live_site, headers):
    body = f"0\r\n\r\n{SMUGGLED}"
    answer = exchange(live_site, "POST /session HTTP/1.1", HOST, f"Content-Type: {FORM}", *headers, body=body)

    assert len(statuses(answer)) == 1, answer
    assert 400 <= statuses(answer)[0] < 502, answer
    assert not answer.endswith("ok\n")


@pytest.mark.parametrize("chunks", BAD_CHUNKS)
def test_wh_13_bad_chunks_are_refused(live_site, chunks):
    headers = ("Transfer-Encoding: chunked", f"Content-Type: {FORM}")
    answer = exchange(live_site, "POST /session HTTP/1.1", HOST, *headers, body=chunks + SMUGGLED)

    assert [status for status in statuses(answer) if not 400 <= status < 500] == []
    assert not answer.endswith("ok\n")


def test_wh_13_a_body_that_nobody_reads_is_no_request(live_site):
    """Refused for its missing token, the form is not read; the connection goes on behind it."""
    headers = (f"Content-Length: {len(SMUGGLED)}", f"Content-Type: {FORM}")
    answer = exchange(live_site, "POST /session HTTP/1.1", HOST, *headers, body=SMUGGLED + SMUGGLED)

    assert statuses(answer) == [403, 200]


def test_wh_13_a_body_that_stops_early_does_nothing(live_site, alice):
    page = live_site.visitor()
    form = page.get("/session").form()
    raw = page.raw("POST", "/session", {**form.fields, "username": "alice", "password": PASSWORD}).decode()
    head, _, body = raw.partition("\r\n\r\n")

    answer = exchange(live_site, *head.split("\r\n"), body=body[:-10])

    assert not [status for status in statuses(answer) if status in (200, 302) or status >= 500], answer
    assert alice.sessions.count() == 0
    assert live_site.visitor().get("/session").status == 200


# ---------------------------------------------------------------- logs


def test_wh_12_nobody_forges_a_line_of_the_log(live_site):
    visitor, before = live_site.visitor(), len(live_site.log())
    forged = "2030-01-01 00:00:00,000 INFO accounts [0] alice signed in"
    visitor.get(f"/nothing%0D%0A{forged.replace(' ', '%20')}%1B%5B31m")
    visitor.get(f"/nothing%E2%80%A8{forged.replace(' ', '%20')}%C2%85%E2%80%AE", User_Agent="a\x1b[31mb")
    visitor.get("/session", Host="evil\x1b[31m.example")
    visitor.post("/session", {"username": f"x\r\n{forged}\x1b[31m", "password": "x"})
    log = live_site.log()[before:]

    assert [line for line in log.split("\n") if line and not LINE.match(line)] == []
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u202e]", log)
    assert "alice signed in" in log  # it is there, in the line where it belongs


def test_wh_12_a_line_of_an_error_carries_the_id_of_its_answer(live_site):
    reply = live_site.visitor().get("/nothing-here-at-all")

    line = next(line for line in live_site.log().splitlines() if "/nothing-here-at-all" in line)
    assert f"[{reply.headers['X-Request-Id']}]" in line


def test_wh_12_a_message_is_one_line_and_a_traceback_is_indented():
    record = logging.LogRecord("accounts", logging.ERROR, "", 1, "a %s", ("b\r\n\x1b[0m2030 forged",), None)
    try:
        raise ValueError("one\n2030 forged")
    except ValueError as error:
        record.exc_info = (type(error), error, error.__traceback__)
    RequestIdFilter().filter(record)

    first, *rest = LineFormatter().format(record).split("\n")

    assert first.endswith(r"a b\x0d\x0a\x1b[0m2030 forged")
    assert all(line.startswith("    ") for line in rest)


# ---------------------------------------------------------------- static files


TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "png": "image/png"}


def test_wh_10_static_files_are_what_they_say(live_site, db):
    visitor = live_site.visitor()
    text = visitor.get("/docs").text + visitor.get("/docs/two-factor").text
    files = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', text))

    assert {path.rpartition(".")[2] for path in files} >= {"css", "js", "svg"}
    for path in files:
        reply = visitor.get(path)
        assert reply.status == 200, path
        assert reply.headers["Content-Type"].partition(";")[0] == TYPES[path.rpartition(".")[2]], path
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["X-Frame-Options"] == "DENY"
        assert "no-store" not in reply.headers["Cache-Control"]
        assert not reply.cookies


def test_wh_11_the_server_does_not_say_what_it_is(live_site):
    for path in ["/session", "/nothing", "/static/css/app.css"]:
        headers = str(live_site.visitor().get(path).headers).lower()

        for word in ["django", "python", "whitenoise", "powered"]:
            assert word not in headers
        assert not re.search(r"^server: .*\d", headers, re.MULTILINE)


def test_pages_link_to_no_other_site(live_site):
    page = CrawledPage("/docs", live_site.visitor().get("/docs").text)

    assert [link for link in page.links if "//" in link] == []
