"""The site's name and address in each syntax that they are pasted into. For apps: test_otpauth.py."""

import re
from email import message_from_bytes, policy
from html.parser import HTMLParser

import pytest

from accounts.factors.sms.wording import body
from tests.accounts.factors.otpauth import NAMES
from tests.support.people import PASSWORD, make_user

pytestmark = pytest.mark.django_db

ODD = [
    *NAMES,
    "</title><script>x</script>",
    '" onload="x',
    "{% load x %}{{ settings }}",
    "%(site)s %s {0}",
    "123456",
]


@pytest.fixture(params=ODD)
def name(request, settings):
    settings.SITE_NAME = request.param
    return request.param


class Reader(HTMLParser):
    """The texts of a page, and the names of its elements and attributes."""

    def __init__(self, page):
        super().__init__()
        self.texts, self.marks = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.marks.append((tag, tuple(key for key, _value in attributes)))

    def handle_data(self, data):
        self.texts.append(" ".join(data.split()))


def test_pf3_pages_show_the_name_and_nothing_of_it_is_markup(client, name, settings):
    page = Reader(client.get("/session").content.decode())
    settings.SITE_NAME = "Acme"
    plain = Reader(client.get("/session").content.decode())

    assert f"Sign in to {' '.join(name.split())} · {' '.join(name.split())}" in page.texts
    assert page.marks == plain.marks


def test_pf3_mails_carry_the_name_in_both_parts_and_no_line_of_it_in_the_headers(client, name, mailoutbox):
    make_user("alice")
    client.post("/account/password/forgot", {"email": "alice@example.com"})
    [sent] = mailoutbox

    read = message_from_bytes(sent.message().as_bytes(), policy=policy.default)

    text, html = (read.get_body((kind,)).get_content() for kind in ("plain", "html"))
    said = f"for your account at {' '.join(name.split())}."
    assert said in " ".join(text.split())
    assert said in " ".join(Reader(html).texts)
    assert "script" not in {mark for mark, _names in Reader(html).marks}
    assert read["To"] == "alice@example.com"
    assert len(read["Subject"].splitlines()) == 1


def test_pf3_the_api_names_the_site_in_a_header_of_one_line(client, name):
    response = client.get("/api/v2/ping")

    assert response.status_code in (200, 204)
    assert response["TFP-AppName"].isprintable()


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://auth.example.com", "auth.example.com"),
        ("https://auth.example.com:8443", "auth.example.com"),
        ("https://xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("http://[2001:db8::1]:8000", "[2001:db8::1]"),
    ],
)
def test_pf3_the_last_line_of_a_text_binds_the_code_to_the_host(name, settings, address, host):
    settings.SITE_URL = address

    lines = body("024680").splitlines()

    assert lines[0].startswith(f"024680 is your {name} code.")
    assert lines[1:] == ["", f"@{host} #024680"]
    assert re.fullmatch(r"@\S+ #\d{6}", lines[-1])
    assert len("\n".join(lines)) < 1600  # what Twilio takes


def test_pf3_the_name_keeps_nobody_from_signing_up(client, name):
    response = client.post(
        "/account/new", {"username": "carol", "email": "carol@example.com", "password": PASSWORD}
    )

    assert response.status_code == 302, response.content.decode()
