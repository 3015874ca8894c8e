"""What a QR code or a link tells an authenticator app, as the Key URI format has it."""

from urllib.parse import quote, urlencode, urlsplit

import qrcode
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from qrcode.constants import ERROR_CORRECT_L
from qrcode.image.svg import SvgPathImage

from accounts.factors.totp import steps
from accounts.models import User

LONGEST_NAME = 64  # characters of SITE_NAME; the start refuses longer ones


def issuer() -> str:
    """Return the name under which apps list the site: with its host, because names are not unique."""
    return without_colons(f"{settings.SITE_NAME[:LONGEST_NAME]} ({urlsplit(settings.SITE_URL).hostname})")


def account_name(user: User) -> str:
    return without_colons(user.email)


def without_colons(text: str) -> str:
    """Return the text without what the format forbids in both names, and on one line.

    Settings have no colon in SITE_NAME, but hosts and mail servers can be addresses of IPv6.
    """
    return " ".join(text.replace(":", "-").split())


def provisioning_uri(user: User, key: str) -> str:
    """Return the otpauth URI for a base32 key (D8).

    The issuer is in the label, too: without it, some apps overwrite the entry of another site. A space is
    `%20`, never `+`, which apps show as it is. The rest are defaults, which some apps want to be said.
    """
    label = f"{quote(issuer(), safe='')}:{quote(account_name(user), safe='')}"
    parameters = {
        "secret": key,
        "issuer": issuer(),
        "algorithm": "SHA1",
        "digits": 6,
        "period": steps.STEP,
    }
    return f"otpauth://totp/{label}?{urlencode(parameters, quote_via=quote, safe='')}"


def qr_code(text: str) -> SafeString:
    """Return a QR code of text as inline SVG, drawn here: the secret is sent to no other server (R20).

    On a screen nothing covers it, so the least redundancy will do; it leaves room for the longest names.
    """
    image = qrcode.make(text, image_factory=SvgPathImage, border=4, error_correction=ERROR_CORRECT_L)
    drawing: SafeString = mark_safe(image.to_string(encoding="unicode"))  # noqa: S308 - our own drawing of squares
    return drawing
