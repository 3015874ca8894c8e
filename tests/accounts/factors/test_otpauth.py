"""What apps read from the QR code and the link of the set-up, by three independent parsers."""

import json
import shutil
import string
import subprocess
from urllib.parse import parse_qsl, unquote, urlsplit

import pyotp
import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from accounts.factors.totp.uri import provisioning_uri
from accounts.models import User
from tests.accounts.factors.otpauth import every_kind, link_on
from tests.accounts.factors.test_totp import read_qr
from tests.support.machine import NO_NODE
from tests.support.people import TWO_FACTOR, make_user, sign_in, start_enrolment

pytestmark = pytest.mark.django_db

CONFIRM = f"{TWO_FACTOR}/confirm"
KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
# https://github.com/hectorm/otpauth
OTPAUTH = "otpauth@9"
READ_ALL = """
import { URI } from "otpauth";
const read = ({ constructor, secret, issuer, label, issuerInLabel, algorithm, digits, period }) => (
  { kind: constructor.name, secret: secret.base32, issuer, label, issuerInLabel, algorithm, digits, period }
);
const uris = JSON.parse((await import("node:fs")).readFileSync(0, "utf8"));
console.log(JSON.stringify(uris.map((uri) => read(URI.parse(uri)))));
"""


@pytest.fixture
def alice(db):
    return make_user("alice")


def read_plainly(uri):
    """What an app reads that takes URLs as they are: no plus for a space, one colon between two names."""
    parts = urlsplit(uri)
    label = unquote(parts.path.removeprefix("/"))
    issuer, _colon, account = label.partition(":")
    return {
        "place": (parts.scheme, parts.netloc, parts.fragment, parts.path.count("/")),
        "issuer": issuer,
        "account": account,
        "colons": label.count(":"),
        "values": [tuple(map(unquote, pair.split("="))) for pair in parts.query.split("&")],
    }


def said_plainly(issuer, account, key):
    return {
        "place": ("otpauth", "totp", "", 1),
        "issuer": issuer,
        "account": account,
        "colons": 1,
        "values": [
            ("secret", key),
            ("issuer", issuer),
            ("algorithm", "SHA1"),
            ("digits", "6"),
            ("period", "30"),
        ],
    }


def test_pf3_pyotp_and_a_plain_parser_read_every_name(alice, settings):
    for shown in every_kind(sign_in(alice), alice, settings):
        entry = pyotp.parse_uri(shown.uri)

        assert (entry.issuer, entry.name, entry.secret) == (shown.issuer, shown.account, shown.key)
        assert (entry.digits, entry.interval, entry.digest().name) == (6, 30, "sha1")
        assert read_plainly(shown.uri) == said_plainly(shown.issuer, shown.account, shown.key)
        assert dict(parse_qsl(urlsplit(shown.uri).query))["issuer"] == shown.issuer  # plus for a space
        assert shown.uri.isascii()
        assert "+" not in shown.uri


def test_pf3_pf4_the_picture_and_the_link_say_the_same(alice, settings):
    for shown in every_kind(sign_in(alice), alice, settings):
        assert read_qr(shown.page) == shown.uri


def test_pf3_the_npm_package_otpauth_reads_every_name(alice, settings, tmp_path):
    # A third reader: pyotp and the plain parser read the same names without it, and the run names what it
    # left out.
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip(NO_NODE)
    every = list(every_kind(sign_in(alice), alice, settings))
    (tmp_path / "package.json").write_text('{"private": true, "type": "module"}')
    (tmp_path / "read.js").write_text(READ_ALL)

    install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", OTPAUTH]
    subprocess.run(install, cwd=tmp_path, check=True, capture_output=True, timeout=300)
    read = subprocess.run(
        ["node", "read.js"],
        cwd=tmp_path,
        input=json.dumps([shown.uri for shown in every]),
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )

    for shown, entry in zip(every, json.loads(read.stdout), strict=True):
        assert entry == {
            "kind": "TOTP",
            "issuer": shown.issuer,
            "label": shown.account,
            "issuerInLabel": True,
            "secret": shown.key,
            "algorithm": "SHA1",
            "digits": 6,
            "period": 30,
        }


PRINTABLE = st.characters(exclude_categories=["C", "Z"], exclude_characters=":", include_characters=" ")
LOCAL = st.text(string.ascii_letters + string.digits + ".!#$%&'*+/=?^_`{|}~-", min_size=1, max_size=64)


@given(name=st.text(PRINTABLE, min_size=1, max_size=64), local=LOCAL)
def test_pf3_parsers_agree_on_names_that_nobody_has_thought_of(name, local):
    user = User(email=f"{local}@example.com")
    with override_settings(SITE_NAME=name, SITE_URL="https://auth.example.com"):
        uri = provisioning_uri(user, KEY)

    issuer = " ".join(f"{name} (auth.example.com)".split())
    entry = pyotp.parse_uri(uri)
    assert (entry.issuer, entry.name, entry.secret) == (issuer, user.email, KEY)
    assert read_plainly(uri) == said_plainly(issuer, user.email, KEY)


@pytest.mark.parametrize("name", ["a:b", "a:b:c", "n" * 200, "😀" * 200, "a\nb", "a\tb"])
def test_pf3_names_that_settings_refuse_break_no_page_either(alice, settings, name):
    settings.SITE_NAME = name
    client = sign_in(alice)
    start_enrolment(client)

    page = client.get(CONFIRM).content.decode()

    entry = pyotp.parse_uri(link_on(page))
    assert entry.name == "alice@example.com"
    assert not set(entry.issuer) & set(":\n\t")
    assert read_qr(page) == link_on(page)


def test_pf4_the_link_is_in_no_log_and_the_page_is_not_stored(alice, caplog):
    client = sign_in(alice)
    key = start_enrolment(client)

    response = client.get(CONFIRM)

    assert pyotp.parse_uri(link_on(response.content.decode())).secret == key
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "same-origin"
    assert key not in caplog.text
    assert "otpauth" not in caplog.text
