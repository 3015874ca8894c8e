"""Sites and addresses of every kind, and what the set-up page tells apps about them."""

import re
from dataclasses import dataclass
from html import unescape

from accounts.models import User
from tests.support.people import TWO_FACTOR, start_enrolment

# Names of sites, as settings let them pass, and the same text in apps.
NAMES = [
    "TFC Auth",
    "Acme, Inc.",
    'Müller & "Söhne" <GmbH>',
    "100 % + 1 / 2? #3 = &issuer=evil",
    "a%3Ab%20c+d",
    "\\ ' ` $HOME ${x} {{ x }}",
    "👩‍💻 Ops 🏳️‍🌈",
    "אבטחה של שלום",
    "東京ターミナル",
    "e\u0301 decomposed",
    "n" * 64,
    "😀" * 64,
]
SITES = {  # SITE_URL, and the host that apps show
    "https://auth.example.com": "auth.example.com",
    "https://auth.example.com:8443": "auth.example.com",
    "https://xn--bcher-kva.example": "xn--bcher-kva.example",
    "http://[2001:db8::1]:8000": "2001-db8--1",
}
ADDRESSES = {  # of people, and as apps show them
    "alice@example.com": "alice@example.com",
    "a+b%c&d=e?f#g/h'i@example.com": "a+b%c&d=e?f#g/h'i@example.com",
    "ALICE@xn--bcher-kva.example": "ALICE@xn--bcher-kva.example",
    "alice@[2001:db8::1]": "alice@[2001-db8--1]",
    f"{'+' * 64}@{'.'.join(['x' * 63] * 2)}.{'x' * 57}": f"{'+' * 64}@{'.'.join(['x' * 63] * 2)}.{'x' * 57}",
}


@dataclass(frozen=True)
class Shown:
    """What one page showed, and what apps have to read from it."""

    uri: str
    page: str
    key: str
    issuer: str
    account: str


def link_on(page):
    [href] = re.findall(r'<a [^>]*href="(otpauth:[^"]*)"', page)
    return unescape(href)


def every_kind(client, user, settings):
    """Show the page of one set-up under each name, each address of the site, and each of the user."""
    key = start_enrolment(client)
    kinds = [(name, "https://auth.example.com", "alice@example.com") for name in NAMES]
    kinds += [("TFC Auth", site, "alice@example.com") for site in SITES]
    kinds += [("TFC Auth", "https://auth.example.com", address) for address in ADDRESSES]
    kinds.append(("😀" * 64, "https://auth.example.com", max(ADDRESSES, key=len)))
    for settings.SITE_NAME, settings.SITE_URL, address in kinds:
        User.objects.filter(pk=user.pk).update(email=address)
        page = client.get(f"{TWO_FACTOR}/confirm").content.decode()
        issuer = f"{settings.SITE_NAME} ({SITES[settings.SITE_URL]})"
        yield Shown(link_on(page), page, key, issuer, ADDRESSES[address])
