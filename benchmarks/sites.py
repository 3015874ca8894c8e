"""Define the sites to compare, how to sign in to each, and the pages of each that are measured."""

import base64
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyotp

ROOT = Path(__file__).resolve().parent.parent
PEERS_VENV = ROOT / ".venv-peers"
PASSWORD = "correct horse battery staple 42"
WRONG = "this is not the password of anybody here"
ORGANIZATION = "bench"


@dataclass(frozen=True)
class Person:
    """A person who signs in from an address of their own, so that no limit applies."""

    username: str
    secret: str  # hexadecimal
    address: str

    def code(self) -> str:
        return pyotp.TOTP(base64.b32encode(bytes.fromhex(self.secret)).decode()).now()


def address_of(index: int) -> str:
    return f"10.1.{index // 250}.{index % 250 + 1}"


class Browser(Protocol):
    """Signs in over the network, or inside the process to count the cost."""

    def get(self, path: str) -> None: ...
    def post(self, path: str, expect: int, **fields: str) -> None: ...


@dataclass(frozen=True)
class Page:
    name: str
    path: str
    words: str


@dataclass(frozen=True)
class Site:
    name: str
    title: str
    settings: str
    sign_in: Callable[[Browser, Person], None]
    pages: tuple[Page, ...]
    python: str = sys.executable
    # SQL that makes used codes valid again, instead of waiting 30 seconds; "" where they are in no table.
    forget_codes: str = ""
    # SQL after which somebody may change as much as in a new hour.
    forget_changes: str = ""
    has_api: bool = False
    # Where too many wrong passwords are refused.
    refuses_at: str = ""


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


def sign_in_to_two_factor(browser: Browser, person: Person) -> None:
    path, step = "/account/login/", "login_view-current_step"
    browser.get(path)
    fields = {step: "auth", "auth-username": person.username, "auth-password": PASSWORD}
    browser.post(path, 200, **fields)
    browser.post(path, 302, **{step: "token", "token-otp_token": person.code()})
    browser.get("/")


def sign_in_to_allauth(browser: Browser, person: Person) -> None:
    browser.get("/accounts/login/")
    browser.post("/accounts/login/", 302, login=person.username, password=PASSWORD)
    browser.get("/accounts/2fa/authenticate/")
    browser.post("/accounts/2fa/authenticate/", 302, code=person.code())
    browser.get("/")


FLOOR = Site(
    "floor",
    "floor",
    settings="benchmarks.floor.settings",
    sign_in=sign_in_to_floor,
    pages=(Page("hello", "/hello", "session, user, one query, no template"),),
    forget_codes="UPDATE floor_authenticator SET last_step = -1",
    has_api=True,
)
PRODUCT = Site(
    "product",
    "TFC Auth",
    settings="benchmarks.product_settings",
    sign_in=sign_in_to_product,
    pages=(
        Page("start page", "/app", "start page (`/app`)"),
        Page("two-factor page", "/app/settings/two-factor", "two-factor page"),
        Page(
            "members",
            f"/app/{ORGANIZATION}",
            "members of an organization that requires two-factor, behind the gate",
        ),
        Page("members without gate", f"/ungated/{ORGANIZATION}", "the same page without the gate"),
    ),
    forget_codes="UPDATE factor_totp_totpdevice SET last_step = -1",
    forget_changes="DELETE FROM accounts_ratelimit WHERE key LIKE 'action:%'",
    has_api=True,
    refuses_at="/session",
)
TWO_FACTOR = Site(
    "two_factor",
    "django-two-factor-auth",
    settings="benchmarks.peers.two_factor_settings",
    sign_in=sign_in_to_two_factor,
    pages=(
        Page("start page", "/", "page to land on, with its layout and nothing else"),
        Page("two-factor page", "/account/two_factor/", "two-factor page"),
    ),
    python=str(PEERS_VENV / "bin" / "python"),
    forget_codes="UPDATE otp_totp_totpdevice SET last_t = -1",
)
ALLAUTH = Site(
    "allauth",
    "django-allauth",
    settings="benchmarks.peers.allauth_settings",
    sign_in=sign_in_to_allauth,
    pages=(
        Page("start page", "/", "page to land on, with its layout and nothing else"),
        Page("two-factor page", "/accounts/2fa/", "two-factor page"),
    ),
    python=str(PEERS_VENV / "bin" / "python"),
)
OURS, PEERS = (FLOOR, PRODUCT), (TWO_FACTOR, ALLAUTH)
SITES = {site.name: site for site in (*OURS, *PEERS)}


def peers_installed() -> bool:
    """Return whether `make bench` could make the environment of the peers."""
    return (PEERS_VENV / "peers.stamp").exists()
