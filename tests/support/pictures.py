"""Take the pictures of README.md and of the user guide from the running product: `make pictures`.

Codes, keys and times are replaced by fixed ones, so that pictures change only when the pages do.
"""

import base64
import io
import time
from contextlib import contextmanager

import pyotp
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from PIL import Image
from playwright.sync_api import sync_playwright

from tests.support.environment import ROOT  # sets Django up for the imports that follow

# isort: split
from accounts.crypto import seal
from accounts.factors.totp.factor import sealing_context
from accounts.factors.totp.models import TOTPDevice
from accounts.models import User
from organizations.management.demo.people import PASSWORD
from tests.conftest import CHROMIUM_OPTIONS
from tests.support.machine import find_chromium
from tests.support.servers import start_site
from tests.support.small_company import load
from tfc_auth.mailers import mail_settings

PICTURES = ROOT / "docs" / "guide" / "pictures"
WIDTH, NARROW = 1200, 390
LOW = 200  # pages are longer than that, and their pictures just as long as they are
COLOURS = 64
LARGEST = 80_000  # bytes
SITE_URL = "https://auth.example.com"
SECRET = bytes(range(20))
CODES = [f"{letters}-{number:04d}-WXYZ" for number, letters in enumerate(["7QK2M", "D0RV8"] * 5)]
TAKEN_AT = "3 Mar 2026, 09:14 UTC"

TIDY = """([codes, time]) => {
    document.activeElement?.blur();
    document.querySelectorAll("time").forEach(element => element.textContent = time);
    for (const field of document.querySelectorAll("#content .readonly")) {
        for (const line of field.querySelectorAll("p")) {
            line.textContent = line.textContent.replace(/\\d+ \\w+ \\d{4}, \\d\\d:\\d\\d UTC/, time);
        }
    }
    document.querySelectorAll(".code-list code").forEach((code, index) => code.textContent = codes[index]);
}"""


class Person:
    """Somebody in a browser of their own."""

    def __init__(self, browser, site, name, **options):
        self.name = name
        self.context = browser.new_context(
            base_url=site.url,
            viewport={"width": options.pop("width", WIDTH), "height": options.pop("height", LOW)},
            locale="en-GB",
            reduced_motion="reduce",
            **options,
        )
        self.page = self.context.new_page()

    def go(self, path):
        status = self.page.goto(path).status
        assert status == 200, f"{path} answered {status}"

    def press(self, name, role="button"):
        with self.page.expect_navigation():
            self.page.get_by_role(role, name=name, exact=True).click()

    def give_password(self):
        self.go("/session")
        self.page.get_by_label("Username or email").fill(self.name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Sign in")

    def enter_code(self):
        """Enter an unused code: each time the code of a later step."""
        self.page.locator("[autocomplete=one-time-code]").fill(next_code(self.name))
        self.press("Verify")

    def sign_in(self):
        self.give_password()
        self.page.wait_for_url("**/app")

    def begin_set_up(self):
        self.go("/app/settings/two-factor")
        self.page.get_by_label("Application", exact=True).check()
        self.press("Enable 2FA")
        self.page.wait_for_url("**/confirm")
        use_made_up_secret(self.name)
        self.page.reload()

    def enrol(self):
        self.sign_in()
        self.begin_set_up()
        self.enter_code()
        self.press("I have kept them")

    def picture(self, name):
        self.page.evaluate(TIDY, [CODES, TAKEN_AT])
        save(self.page.screenshot(full_page=True, animations="disabled"), name)


def use_made_up_secret(name):
    user = User.objects.get(username=name)
    secret = seal(SECRET.hex(), sealing_context(user.pk))
    TOTPDevice.objects.filter(user=user, confirmed=False).update(sealed_secret=secret)


def next_code(name):
    """Return the first unused code of the current and the next step; wait for a step if both are used."""
    totp = pyotp.TOTP(base64.b32encode(SECRET).decode())
    while True:
        used = TOTPDevice.objects.filter(user__username=name).order_by("-last_step").first().last_step
        now = int(time.time()) // 30
        step = max(now, used + 1)
        if step <= now + 1:
            return totp.at(step * 30)
        time.sleep(1)


def save(png, name):
    small = Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    path = PICTURES / f"{name}.png"
    small.save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.relative_to(ROOT)}  {small.width}x{small.height}  {size // 1000 + 1} kB")
    assert size < LARGEST, f"{path.name} has {size} bytes"


@contextmanager
def running_site():
    """Run the product with the demo data for the block."""
    call_command("migrate", verbosity=0)
    nowhere = mail_settings({"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"})
    with override_settings(**nowhere):
        load()
    site = start_site(f"sqlite:///{connection.settings_dict['NAME']}", SITE_URL=SITE_URL)
    try:
        yield site
    finally:
        site.stop()


def take_pictures(browser, site):
    nobody = Person(browser, site, "")
    nobody.go("/session")
    nobody.picture("sign-in")

    alice = Person(browser, site, "alice")
    alice.sign_in()
    alice.go("/app/settings/two-factor")
    alice.picture("two-factor-off")
    alice.begin_set_up()
    alice.picture("set-up")
    alice.enter_code()
    alice.picture("backup-codes")
    alice.press("I have kept them")
    alice.picture("two-factor-on")
    alice.go("/app/settings/sessions")
    alice.picture("sessions")
    alice.go("/app/settings/tokens")
    alice.page.get_by_label("Description").fill("CI of acme")
    alice.press("Generate token")
    alice.go("/app/settings/tokens")
    alice.picture("tokens")
    take_pictures_of_signing_in(browser, site)
    take_pictures_of_an_organization(browser, site, alice)
    take_picture_of_the_admin_site(browser, site)


def take_pictures_of_signing_in(browser, site):
    at_home = Person(browser, site, "alice")
    at_home.give_password()
    at_home.picture("second-factor")
    at_night = Person(browser, site, "alice", color_scheme="dark")
    at_night.give_password()
    at_night.enter_code()
    at_night.go("/app/settings/two-factor")
    at_night.picture("dark")
    on_the_phone = Person(browser, site, "alice", width=NARROW)
    on_the_phone.give_password()
    on_the_phone.picture("narrow")


def take_pictures_of_an_organization(browser, site, alice):
    Person(browser, site, "carol").enrol()
    alice.go("/app/acme/settings/authentication")
    alice.picture("authentication-off")
    alice.page.locator(".topbar-switcher").click()
    alice.picture("organization-menu")
    alice.page.keyboard.press("Escape")
    alice.press("Require two-factor")
    if "/sudo" in alice.page.url:
        alice.enter_code()
    alice.press("Require two-factor")
    alice.go("/app/acme/settings/authentication")
    alice.picture("authentication-on")
    alice.go("/app/acme/settings/users")
    alice.picture("users")
    bob = Person(browser, site, "bob")
    bob.sign_in()
    bob.go("/app/acme")
    bob.picture("locked-out")


def take_picture_of_the_admin_site(browser, site):
    root = Person(browser, site, "root", height=600)  # its navigation is as long as the window
    root.enrol()
    root.go(f"/admin/accounts/user/{User.objects.get(username='carol').pk}/change/")
    root.picture("admin-user")


def main():
    program = find_chromium()
    if program is None:
        raise SystemExit("No Chromium on this machine (Debian: apt-get install chromium).")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with running_site() as site, sync_playwright() as playwright:
        options = {"executable_path": program, "args": [*CHROMIUM_OPTIONS, "--no-sandbox"]}
        browser = playwright.chromium.launch(**options)
        take_pictures(browser, site)
        browser.close()


if __name__ == "__main__":
    main()
