"""Encryption at rest and keyed digests, with keys that are not in the database.

Each entry of ENCRYPTION_KEYS yields independent subkeys (HKDF). The first entry encrypts, digests and signs;
all entries decrypt and are compared, so a new key can be put in front while old rows remain.
"""

import base64
import hashlib
import hmac
import logging
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from accounts.exceptions import DecryptionFailed

logger = logging.getLogger(__name__)


def derive(key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"tfc-auth " + purpose).derive(key.encode())


def current_keys() -> tuple[str, ...]:
    return tuple(settings.ENCRYPTION_KEYS)


@cache
def fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(derive(key, b"encryption"))) for key in keys])


@cache
def digest_keys(keys: tuple[str, ...]) -> list[bytes]:
    return [derive(key, b"digest") for key in keys]


@cache
def private_key(key: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(derive(key, b"evidence"))


def signing_key() -> Ed25519PrivateKey:
    """Return the key that signs evidence: that of the current entry. Its public half outlives the entry."""
    return private_key(current_keys()[0])


def seal(text: str, context: str) -> str:
    """Encrypt text for one row. Fernet has no associated data, so the context is encrypted with the text.

    Without it, anyone who can write to the database could copy their own secret into a victim's row.
    """
    return fernet(current_keys()).encrypt(f"{context}\n{text}".encode()).decode()


def open_sealed(token: str, context: str) -> str:
    """Return the text that was sealed for this context. Raises DecryptionFailed after logging an alarm.

    A failure is critical: the server runs with wrong keys, or somebody has moved values between rows.
    """
    try:
        return unseal(token, context)
    except DecryptionFailed as failure:
        logger.critical("%s can't be decrypted: %s", context, failure.reason)
        raise


def unseal(token: str, context: str) -> str:
    """Do the same as `open_sealed` without the alarm, to check whether values can be opened."""
    try:
        plain = fernet(current_keys()).decrypt(token.encode()).decode()
    except (InvalidToken, UnicodeError) as error:
        raise DecryptionFailed("no entry of ENCRYPTION_KEYS opens it") from error
    sealed_context, _, text = plain.partition("\n")
    if not hmac.compare_digest(sealed_context.encode(), context.encode()):
        raise DecryptionFailed("it was sealed for another row")
    return text


def is_current(token: str) -> bool:
    """Return whether the current key (the first one) sealed this."""
    try:
        fernet(current_keys()[:1]).decrypt(token.encode())
    except InvalidToken:
        return False
    return True


def digests(text: str, purpose: str) -> list[str]:
    """Return the keyed digest of text under every key, the current one first."""
    message = f"{purpose}\n{text}".encode()
    return [hmac.new(key, message, hashlib.sha256).hexdigest() for key in digest_keys(current_keys())]


def digest(text: str, purpose: str) -> str:
    """Return the keyed digest of text under the current key, for new rows."""
    return digests(text, purpose)[0]
