"""Make the secrets of tokens, and recognize them without a look at the database.

They have the format of Terraform Cloud: 14 characters, `.atlasv1.`, 67 characters. The last 67 are random
(almost 400 bits). The first 14 are a keyed digest of them: only this site can make a pair that fits.
"""

import hmac
import re
import secrets
import string

from accounts import crypto

ALPHABET = string.ascii_letters + string.digits
SHAPE = re.compile(r"([A-Za-z0-9]{14})\.atlasv1\.([A-Za-z0-9]{67})", re.ASCII)
PURPOSE = "token"


def new_token() -> str:
    secret = "".join(secrets.choice(ALPHABET) for _ in range(67))
    return f"{mark(crypto.digest(secret, PURPOSE))}.atlasv1.{secret}"


def is_well_shaped(text: str) -> bool:
    return SHAPE.fullmatch(text) is not None


def is_made_here(text: str) -> bool:
    """Return whether this site has made this secret, under one of its present ENCRYPTION_KEYS.

    It may have been revoked since. Secrets of earlier versions begin at random, and are not recognized.
    """
    found = SHAPE.fullmatch(text)
    if found is None:
        return False
    return any(hmac.compare_digest(found[1], mark(digest)) for digest in crypto.digests(found[2], PURPOSE))


def mark(digest: str) -> str:
    """Return 14 letters and digits of a hexadecimal digest."""
    number, marked = int(digest, 16), ""
    for _ in range(14):
        number, index = divmod(number, len(ALPHABET))
        marked += ALPHABET[index]
    return marked
