"""The two sites that are compared, and how one signs in to each."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import pyotp

PASSWORD = "correct horse battery staple 42"
ORGANIZATION = "bench"


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in, from an address of his own: limits are not what is measured."""

    username: str
    secret: str  # hexadecimal
    address: str

    def code(self) -> str:
        return pyotp.TOTP(base64.b32encode(bytes.fromhex(self.secret)).decode()).now()


class Browser(Protocol):
    """What signs in: over the network, or inside the process to be counted."""

    def get(self, path: str) -> None: ...
    def post(self, path: str, expect: int, **fields: str) -> None: ...


@dataclass(frozen=True)
class Site:
    name: str
    settings: str
    sign_in: Callable[[Browser, Person], None]
    forget_codes: str  # SQL: codes that were used are good again, which stands for waiting 30 seconds


def sign_in_to_product(browser: Browser, person: Person) -> None:
    browser.get("/session")
    browser.post("/session", 302, username=person.username, password=PASSWORD)
    browser.get("/session/two-factor")
    browser.post("/session/two-factor", 302, code=person.code())
    browser.get("/app")


def sign_in_to_floor(browser: Browser, person: Person) -> None:
    browser.get("/login")
    browser.post("/login", 200, username=person.username, password=PASSWORD)
    browser.post("/code", 302, code=person.code())
    browser.get("/")


PRODUCT = Site(
    "product",
    settings="benchmarks.product_settings",
    sign_in=sign_in_to_product,
    forget_codes="UPDATE factor_totp_totpdevice SET last_step = -1",
)
FLOOR = Site(
    "floor",
    settings="benchmarks.floor.settings",
    sign_in=sign_in_to_floor,
    forget_codes="UPDATE floor_authenticator SET last_step = -1",
)
SITES = {site.name: site for site in (PRODUCT, FLOOR)}
