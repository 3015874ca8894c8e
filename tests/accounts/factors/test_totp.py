"""The authenticator app: known answers, secrets, and what its QR code says."""

import base64
import re
import sys
from collections import Counter
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import time_machine
import zxingcpp
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from PIL import Image, ImageDraw

from accounts import factors
from accounts.audit import Actor
from accounts.crypto import seal
from accounts.factors.totp.factor import sealing_context, secret_of
from accounts.factors.totp.models import TOTPDevice
from accounts.two_factor import enrolment
from tests.support import factor_answers
from tests.support.people import TWO_FACTOR, make_user, sign_in, start_enrolment
from tests.support.two_factor import act

pytestmark = pytest.mark.django_db

CONFIRM = f"{TWO_FACTOR}/confirm"
RFC_SECRET = b"12345678901234567890"
# RFC 6238, appendix B, SHA-1: seconds since 1970, and the eight digits of which six are used here.
RFC_VECTORS = [
    (59, "94287082"),
    (1_111_111_109, "07081804"),
    (1_111_111_111, "14050471"),
    (1_234_567_890, "89005924"),
    (2_000_000_000, "69279037"),
    (20_000_000_000, "65353130"),
]


@pytest.fixture
def alice(db):
    """Without transactions of her own: nothing here depends on them, and it is quicker."""
    return make_user("alice")


@pytest.fixture
def app_of_the_rfc(alice):
    """alice has an app with the secret of RFC 6238."""
    sealed = seal(RFC_SECRET.hex(), sealing_context(alice.pk))
    return TOTPDevice.objects.create(user=alice, confirmed=True, sealed_secret=sealed)


def verify(user, code):
    with transaction.atomic():
        return factor_answers.verify(factors.get("app"), user, code, {})


@pytest.mark.parametrize(("seconds", "digits"), RFC_VECTORS)
def test_r13_knows_the_answers_of_rfc_6238(alice, app_of_the_rfc, seconds, digits):
    with time_machine.travel(seconds, tick=False):
        assert verify(alice, digits) is None
        assert verify(alice, digits[-6:]) == app_of_the_rfc
        assert verify(alice, digits[-6:]) is None

    app_of_the_rfc.refresh_from_db()
    assert app_of_the_rfc.last_step == seconds // 30


@pytest.mark.parametrize(("seconds", "digits"), RFC_VECTORS[1:])
@pytest.mark.parametrize("steps", [-2, -1, 1, 2])
def test_r13_one_step_around_the_answers_of_rfc_6238(alice, app_of_the_rfc, seconds, digits, steps):
    with time_machine.travel(seconds + steps * 30, tick=False):
        assert (verify(alice, digits[-6:]) is not None) == (abs(steps) == 1)


# ---------------------------------------------------------------- the secret


def new_secret(user):
    """What the verb behind the page chooses."""
    state = enrolment.begin_enrolment(user, factors.get("app"), former=None, actor=Actor.command())
    secret = secret_of(TOTPDevice.objects.get(pk=state["device_id"]))
    factors.get("app").discard(user, state)
    return secret


def test_en_18_two_hundred_secrets_differ_and_have_160_bits(alice):
    client = sign_in(alice)
    shown = [base64.b32decode(start_enrolment(client)) for _ in range(2)]

    secrets = [*shown, *(new_secret(alice) for _ in range(198))]

    assert {len(secret) for secret in secrets} == {20}
    assert len(set(secrets)) == 200
    for place in range(20):  # no part of it is always the same
        assert len({secret[place] for secret in secrets}) > 64
    ones = sum(bin(int.from_bytes(secret)).count("1") for secret in secrets)
    assert 0.48 < ones / (200 * 160) < 0.52


@pytest.mark.parametrize("field", ["key", "secret", "sealed_secret", "seed", "device_id", "state"])
def test_r11_no_field_of_a_request_sets_the_secret(alice, field):
    mine = base64.b32encode(RFC_SECRET).decode()
    client = sign_in(alice)

    client.post(f"{TWO_FACTOR}/enable?{field}={mine}", {"method": "app", field: mine})
    key = client.get(f"{CONFIRM}?{field}={mine}").context["description"]["key"]
    act(client, "confirm", code="000000", **{field: mine})

    assert key != mine
    assert client.get(CONFIRM).context["description"]["key"] == key


# ---------------------------------------------------------------- the QR code


SQUARE = re.compile(r"M(\d+),(\d+)H(\d+)V(\d+)H\1z")
PIXELS = 8  # per square


def read_qr(page):
    """What a phone sees: the squares of the inline SVG, painted and read by another implementation."""
    size, path = re.search(r'viewBox="0 0 (\d+) \d+"[^>]*><path d="([^"]+)" id="qr-path"', page).groups()
    image = Image.new("L", (int(size) * PIXELS, int(size) * PIXELS), "white")
    paint = ImageDraw.Draw(image)
    squares = SQUARE.findall(path)
    for left, top, right, bottom in squares:
        corners = [int(left), int(top), int(right), int(bottom)]
        paint.rectangle([corner * PIXELS - (place > 1) for place, corner in enumerate(corners)], fill="black")
    assert len(squares) == path.count("M")
    return zxingcpp.read_barcodes(image)[0].text


def parameters(key, issuer):
    return {"secret": [key], "issuer": [issuer], "algorithm": ["SHA1"], "digits": ["6"], "period": ["30"]}


def uri_shown_to(user):
    client = sign_in(user)
    key = start_enrolment(client)
    page = client.get(CONFIRM)
    return key, page, urlsplit(read_qr(page.content.decode()))


def test_en_07_the_qr_code_says_what_the_page_says(alice, settings):
    settings.SITE_URL = "https://auth.example.com"
    key, page, uri = uri_shown_to(alice)

    shown = re.sub(r"<[^>]+>|\s", "", re.search(r'id="key"[^>]*>(.*?)</code>', page.content.decode())[1])
    assert shown == key
    assert re.fullmatch("[A-Z2-7]{32}", key)
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert unquote(uri.path) == "/TFC Auth (auth.example.com):alice@example.com"
    assert parse_qs(uri.query) == parameters(key, "TFC Auth (auth.example.com)")


@pytest.mark.parametrize(
    "name",
    ["a&secret=AAAA", "a:b", "a%26secret%3DAAAA", "a?issuer=evil#", "a+b", "é😀", "a/../b", "a" * 130],
)
def test_en_07_no_name_adds_a_parameter(settings, name):
    settings.SITE_NAME = name
    user = make_user("alice", email=f"{name}@example.com")

    key, _page, uri = uri_shown_to(user)

    shown = name.replace(":", "-")[:64]
    assert parse_qs(uri.query) == parameters(key, f"{shown} (localhost)")
    assert unquote(uri.path) == f"/{shown} (localhost):{name.replace(':', '-')}@example.com"
    assert uri.fragment == ""
    assert uri.path.count("/") == 1


def test_en_08_the_qr_code_stands_in_the_page_and_under_no_address(alice):
    client = sign_in(alice)
    key = start_enrolment(client)
    response = client.get(CONFIRM)

    assert "no-store" in response["Cache-Control"]
    page = response.content.decode()
    assert not re.findall(r"<(?:img|object|embed|iframe|image|use)\b", page)
    [link] = [link for link in re.findall(r'(?:href|src|action)="([^"]*)"', page) if key in link]
    assert link.startswith("otpauth://totp/")  # which leads to an app on this device, not to a server


# ---------------------------------------------------------------- comparing


def calls_of(function):
    """How often each function was called, Python's and C's: what a stopwatch could tell, without noise."""
    calls = Counter()

    def note(frame, event, argument):
        if event == "call":
            calls[frame.f_code.co_qualname] += 1
        elif event == "c_call":
            calls[argument.__qualname__] += 1

    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(None)
    return calls


def test_ti_05_comparing_takes_the_same_work_wherever_the_digits_differ(alice, app_of_the_rfc):
    with time_machine.travel(1_111_111_109, tick=False):
        guesses = {
            "first digit": "181804",
            "last digit": "081805",
            "all": "999999",
        }
        for _ in range(3):  # fills the caches, and has the statements prepared
            verify(alice, "000000")
        counted = {where: calls_of(lambda code=code: verify(alice, code)) for where, code in guesses.items()}

    assert counted["first digit"] == counted["last digit"] == counted["all"]
    assert counted["all"]["compare_digest"] >= 3  # one for each step, without stopping at a difference


def test_ti_05_comparing_takes_the_same_statements(alice, app_of_the_rfc):
    with time_machine.travel(1_111_111_109, tick=False):
        counted = []
        for code in ("181804", "081805", "999999", "nonsense"):
            with CaptureQueriesContext(connection) as queries:
                verify(alice, code)
            counted.append([re.sub(r"\d+", "", query["sql"]) for query in queries])

    assert counted[1:] == counted[:-1]
