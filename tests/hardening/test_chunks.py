"""Bodies in chunks, without a Content-Length, as tunnels send them (OF2)."""

import json
import re
import socket
import time
from contextlib import suppress

import pytest

from tests.api.clients import document, token_of
from tests.hardening.test_live import HOST, exchange, statuses
from tests.support.crawler import FORM
from tests.support.people import PASSWORD
from tests.support.visitor import parse_reply

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = 1024 * 1024
CHUNKED = "Transfer-Encoding: chunked"


def chunks(body, size=1000, extension="", trailer=""):
    """The body in chunks of so many characters."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    framed = [f"{len(piece):x}{extension}\r\n{piece}\r\n" for piece in pieces]
    return "".join([*framed, "0\r\n", trailer, "\r\n"])


def without_length(raw, size=7, **framing):
    """A request of a `Visitor`, in chunks."""
    head, _, body = raw.decode("latin-1").partition("\r\n\r\n")
    head = re.sub(r"\r\nContent-Length: \d+", f"\r\n{CHUNKED}", head)
    return head.split("\r\n"), chunks(body, size, **framing)


def sent_in_chunks(site, raw, **framing):
    lines, body = without_length(raw, **framing)
    return parse_reply(site.url, exchange(site, *lines, "Connection: close", body=body, end=False).encode())


def post(*headers, path="/session", content_type=FORM):
    return f"POST {path} HTTP/1.1", HOST, f"Content-Type: {content_type}", CHUNKED, *headers


def sign_in_raw(visitor, user):
    return visitor.raw_form("/session", username=user.username, password=PASSWORD)


# ---------------------------------------------------------------- wherever bodies are read


@pytest.mark.parametrize("size", [1, 64, 100_000])
def test_of2_a_form_in_chunks_signs_in(live_site, alice, size):
    reply = sent_in_chunks(live_site, sign_in_raw(live_site.visitor(), alice), size=size)

    assert (reply.status, reply.location) == (302, "/app")
    assert alice.sessions.count() == 1


def test_of2_chunks_may_have_extensions_and_trailers(live_site, alice):
    raw = sign_in_raw(live_site.visitor(), alice)
    reply = sent_in_chunks(live_site, raw, extension=';name="a;b"', trailer="X-Checksum: 1\r\n")

    assert reply.location == "/app"


def test_of2_a_multipart_form_in_chunks_is_read(live_site, alice):
    visitor = live_site.visitor()
    form = visitor.get("/session").form()
    fields = {**form.fields, "username": "alice", "password": PASSWORD}
    body = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    lines = post(f"Cookie: {cookies}", "Connection: close", content_type="multipart/form-data; boundary=b")
    answer = exchange(live_site, *lines, body=chunks(body + "--b--\r\n"), end=False)

    assert "\r\nLocation: /app\r\n" in answer


@pytest.mark.parametrize("path", ["/account/password/forgot", "/admin/login/"])
def test_of2_other_pages_and_the_admin_site_read_them_too(live_site, path):
    visitor = live_site.visitor()
    page = visitor.follow(visitor.get(path))
    form = page.form()
    raw = visitor.raw("POST", form.action or page.url, {**form.fields, "email": "a@b.example"})

    assert sent_in_chunks(live_site, raw).status != 403  # the token in the body was found
    assert sent_in_chunks(live_site, raw).status < 500


def test_of2_the_api_reads_them(live_site, alice):
    body = json.dumps(document("organizations", name="in-chunks", email="hi@acme.example"))
    lines = post(
        f"Authorization: Bearer {token_of(alice)}",
        "Connection: close",
        path="/api/v2/organizations",
        content_type="application/vnd.api+json",
    )
    answer = exchange(live_site, *lines, body=chunks(body), end=False)

    assert statuses(answer) == [201], answer


def test_of2_a_body_of_no_bytes_is_a_body(live_site):
    assert statuses(exchange(live_site, *post(), body=chunks(""))) == [403]
    assert statuses(
        exchange(live_site, "GET /session HTTP/1.1", HOST, CHUNKED, "Connection: close", body=chunks("a"))
    ) == [200]


def test_of2_the_next_request_on_the_connection_is_the_next_one(live_site):
    """What stands behind the last chunk is no part of the body, and what stands in it is no request."""
    smuggled = f"GET /healthz HTTP/1.1\r\n{HOST}\r\n\r\n"
    answer = exchange(live_site, *post(), body=chunks(smuggled) + smuggled)

    assert statuses(answer) == [403, 200]


def test_of2_the_server_says_go_on_to_whoever_waits_for_it(live_site, alice):
    lines, body = without_length(sign_in_raw(live_site.visitor(), alice))
    with socket.create_connection((live_site.host, live_site.port), timeout=60) as connection:
        connection.sendall("\r\n".join([*lines, "Expect: 100-continue", "", ""]).encode())
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body.encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 302 ")


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    "path", ["/session", "/api/v2/organizations", "/admin/login/", "/nothing", "/healthz"]
)
@pytest.mark.parametrize("size", [4096, 2 * LIMIT])
def test_of2_too_much_is_refused_with_a_sentence_and_a_line_in_the_log(live_site, path, size):
    before = len(live_site.log())
    answer = exchange(live_site, *post("Connection: close", path=path), body=chunks("x" * 2 * LIMIT, size))

    assert statuses(answer) == [413]
    assert "larger than we accept" in answer
    assert f"Refused a body of more than 1114112 bytes: {path}" in live_site.log()[before:]


def test_of2_a_long_body_with_a_length_is_logged_too(live_site):
    before = len(live_site.log())
    lines = ("POST /session HTTP/1.1", HOST, f"Content-Length: {60 * LIMIT}", "Connection: close")

    assert statuses(exchange(live_site, *lines)) == [413]
    assert "Refused a body of more than 1114112 bytes: /session" in live_site.log()[before:]


def test_of2_a_client_that_sends_all_of_a_long_body_sees_the_refusal(live_site):
    for _time in range(5):
        with socket.create_connection((live_site.host, live_site.port), timeout=30) as connection:
            head = f"POST /session HTTP/1.1\r\n{HOST}\r\nContent-Length: {5 * LIMIT}\r\n\r\n"
            connection.sendall(head.encode() + b"x" * (5 * LIMIT))
            answer = connection.recv(65536).decode()

        assert statuses(answer) == [413]


@pytest.mark.parametrize(
    ("framing", "host", "size", "status"),
    [
        (CHUNKED, HOST, 9 * LIMIT + 64 * 1024 + 1, 413),
        (f"Content-Length: {60 * LIMIT}", HOST, 0, 413),
        ("Transfer-Encoding: identity, chunked", HOST, 100, 400),
        (CHUNKED, "Host: not a host", 100, 400),
    ],
)
def test_of2_a_refused_body_that_trickles_on_keeps_no_thread(live_site, framing, host, size, status):
    """The server does not wait for its end, and for the next request of the connection."""
    begin = f"{60 * LIMIT:x}\r\n" if "chunked" in framing else ""
    head = "\r\n".join(["POST /session HTTP/1.1", host, framing, "", begin])
    with socket.create_connection((live_site.host, live_site.port), timeout=1) as connection:
        connection.sendall(head.encode() + b"x" * size)
        begun, answer, is_open = time.monotonic(), b"", True
        while is_open and time.monotonic() < begun + 4:
            with suppress(TimeoutError):
                piece = connection.recv(65536)
                answer, is_open = answer + piece, bool(piece)
            if is_open:
                with suppress(ConnectionError):
                    connection.sendall(b"x")

    assert statuses(answer.decode()) == [status]
    assert not is_open


def test_of2_a_form_of_more_than_a_mebibyte_is_refused_as_it_is_with_a_length(live_site):
    answer = exchange(live_site, *post("Connection: close"), body=chunks("a=" + "x" * (LIMIT + 10), 65536))

    assert statuses(answer) == [413]


@pytest.mark.parametrize(
    "coding", ["gzip, chunked", "deflate, chunked", "compress, chunked", "identity, chunked"]
)
def test_of2_other_codings_are_refused(live_site, coding):
    before = len(live_site.log())
    lines = [line if line != CHUNKED else f"Transfer-Encoding: {coding}" for line in post()]
    answer = exchange(live_site, *lines, body=chunks("username=a"))

    assert statuses(answer) == [400], answer
    assert "Transfer-Encoding other than chunked" in live_site.log()[before:]


@pytest.mark.parametrize(
    "body",
    [
        "5\r\nabc",  # ends early
        "5\r\nabcde\r\n",
        "5\r\nabcde\r\n0\r\n",
        "5\r\nabcdef\r\n0\r\n\r\n",
        "zz\r\nabc\r\n0\r\n\r\n",
        "3;\x01\r\nabc\r\n0\r\n\r\n",
        "3\r\nabc\r\n0\r\nContent-Length: 3\r\n\r\n",
        "3\r\nabc\r\n0\r\nno header\r\n\r\n",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/session", "/api/v2/organizations"])
def test_of2_chunks_that_break_the_rules_are_refused_and_logged(live_site, path, body):
    before = len(live_site.log())
    answer = exchange(live_site, *post(path=path), body=body)

    assert statuses(answer) == [400], answer
    assert "Traceback" not in live_site.log()[before:]
    assert "Refused chunks that cannot be read" in live_site.log()[before:]


def test_of2_two_lengths_are_refused_by_another_server_than_gunicorn_too(client):
    """gunicorn refuses them by itself (WH-13)."""
    extra = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}

    assert client.post("/session", {"username": "a"}, **extra).status_code == 400
    extra = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    assert (
        client.post("/session", {"username": "a"}, **extra).status_code == 400
    )  # its server decodes nothing
