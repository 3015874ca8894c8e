"""People in front of real browsers: a wide one, and a phone of 390 pixels with JavaScript off."""

import io
import re
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
import zxingcpp
from PIL import Image

from accounts.factors.totp.models import TOTPDevice
from accounts.models import Session
from tests.support import people

SETTINGS = "/app/settings/two-factor"
KINDS = {
    "wide": {"viewport": {"width": 1372, "height": 889}},
    "390 px, no JavaScript": {
        "viewport": {"width": 390, "height": 844},
        "has_touch": True,
        "java_script_enabled": False,
    },
}


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def kind(request):
    """How the browser of this test looks at the site."""
    return request.param


@pytest.fixture
def open_browser(live_site, browser, kind):
    """open_browser(user): a browser of its own, with nobody signed in."""
    contexts = []

    def begin(user):
        context = browser.new_context(base_url=live_site.url, **kind)
        context.set_default_timeout(60_000)
        contexts.append(context)
        return Person(user, context.new_page())

    yield begin
    for context in contexts:
        context.close()


class Person:
    """Somebody with a browser, a password and perhaps an authenticator app."""

    def __init__(self, user, page):
        self.user = user
        self.page = page
        self.key = None
        self.codes = []

    def goto(self, path):
        self.page.goto(path)

    @property
    def path(self):
        return urlsplit(self.page.url).path

    @property
    def text(self):
        """What the page says when it is there as a whole: a click waits for its first bytes only."""
        self.page.wait_for_load_state("domcontentloaded")
        return self.page.inner_text("body")

    def click(self, name, role="button"):
        """Press it, and wait for the page that it leads to."""
        self.page.get_by_role(role, name=name, exact=True).first.click()
        self.page.wait_for_load_state("domcontentloaded")

    def click_menu(self, name):
        """Choose something in the user menu."""
        self.page.locator("header details").last.locator("summary").click()
        self.page.locator("header").get_by_role("button", name=name).click()

    def sign_in(self, path="/session"):
        self.goto(path)
        self.page.fill("[name=username]", self.user.username)
        self.page.fill("[name=password]", people.PASSWORD)
        self.click("Sign in")

    def enter_code(self, code):
        self.page.fill("[name=code]", code)
        self.click("Verify")

    def code(self):
        """The code that the app shows, after waiting (by the database) for one that was not used."""
        TOTPDevice.objects.filter(user=self.user, confirmed=True).update(last_step=-1)
        return pyotp.TOTP(self.key).now()

    def log_in(self):
        self.sign_in()
        self.enter_code(self.code())
        assert self.path == "/app", self.text

    def scan(self):
        """Read the QR code off the screen, as a camera would."""
        picture = Image.open(io.BytesIO(self.page.locator(".qr").screenshot()))
        [barcode] = zxingcpp.read_barcodes(picture)
        uri = urlsplit(barcode.text)
        assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
        return parse_qs(uri.query)["secret"][0]

    def choose_application(self):
        choice = self.page.get_by_label("Application", exact=True)
        if choice.count():  # there is no choice where nothing else is offered
            choice.check()
        self.click("Enable 2FA")

    def confirm_application(self):
        self.key = self.scan()
        self.enter_code(pyotp.TOTP(self.key).now())
        self.codes = re.findall(r"\b[0-9A-Z]{5}-[0-9A-Z]{4}-[0-9A-Z]{4}\b", self.text)

    def enrol(self):
        self.goto(SETTINGS)
        self.choose_application()
        self.confirm_application()
        assert len(self.codes) == 10, self.text


def expire_sudo(user):
    Session.objects.filter(user=user).update(proved_at=None)
