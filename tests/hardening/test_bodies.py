"""Bodies that are too long or of unknown length are refused unread, and HEAD has none."""

import socket

import pytest

from tests.hardening.test_requests import FORM

pytestmark = pytest.mark.django_db(transaction=True)

LONG = 60 * 1024 * 1024


def raw_answer(site, head):
    """What the server says to a request whose body never comes."""
    with socket.create_connection((site.host, site.port), timeout=60) as connection:
        connection.sendall("\r\n".join([*head, f"Host: {site.host}:{site.port}", "", ""]).encode())
        return connection.recv(65536).decode()


@pytest.mark.parametrize("path", ["/session", "/nothing", "/healthz"])
@pytest.mark.parametrize("content_type", [FORM, "multipart/form-data; boundary=b", "application/json"])
def test_ds_03_a_long_body_is_refused_before_it_has_come(live_site, path, content_type):
    head = [f"POST {path} HTTP/1.1", f"Content-Type: {content_type}", f"Content-Length: {LONG}"]

    assert raw_answer(live_site, head).startswith("HTTP/1.1 413 ")


def test_ds_03_a_file_of_more_than_a_mebibyte_gets_the_page_about_it(client, db):
    body = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n' + b"x" * (2 * 1024 * 1024)
    response = client.post("/session", body + b"\r\n--b--\r\n", "multipart/form-data; boundary=b")

    assert response.status_code == 413
    assert response.templates[0].name == "errors/413.html"


@pytest.mark.parametrize("path", ["/session", "/nothing", "/healthz", "/static/css/app.css"])
def test_head_says_how_long_the_page_is_and_sends_none(live_site, path):
    visitor = live_site.visitor()
    already = len(live_site.log())
    page = visitor.get(path)

    answer = raw_answer(live_site, [f"HEAD {path} HTTP/1.1", "Connection: close"])

    head, _, body = answer.partition("\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {page.status} ")
    assert "\r\nContent-Length: " in head
    assert body == ""
    assert "no-body" not in live_site.log()[already:]
