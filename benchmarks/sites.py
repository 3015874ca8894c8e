"""Define the two sites to compare, and how to sign in to each."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import pyotp

PASSWORD = "correct horse battery staple 42"
ORGANIZATION = "bench"


@dataclass(frozen=True)
class Person:
    """A person who signs in from an address of their own, so that no limit applies."""

    username: str
    secret: str  # hexadecimal
    address: str

    def code(self) -> str:
        return pyotp.TOTP(base64.b32encode(bytes.fromhex(self.secret)).decode()).now()


class Browser(Protocol):
    """Signs in over the network, or inside the process to count the cost."""

    def get(self, path: str) -> None: ...
    def post(self, path: str, expect: int, **fields: str) -> None: ...


@dataclass(frozen=True)
class Site:
    name: str
    settings: str
    sign_in: Callable[[Browser, Person], None]
    forget_codes: str  # SQL: makes used codes valid again, instead of waiting 30 seconds


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
