"""Read public keys that somebody has saved: a file that a site serves, a PEM file, or hexadecimal digits."""

import json
import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from accounts.evidence.statements import key_id

LARGEST_FILE = 1_000_000  # bytes


class UnreadableKey(ValueError):
    """Somebody gave something that is no public key; the text says so to them."""


def read_keys(given: str) -> dict[str, bytes]:
    """Return the public keys, by id, in a file or in hexadecimal digits. Raises UnreadableKey."""
    if is_key(given.strip()):
        return by_id([given.strip()])
    try:
        with Path(given).open("rb") as file:
            content = file.read(LARGEST_FILE)
    except (OSError, ValueError) as error:
        raise UnreadableKey(
            f"{given} is neither a file that can be read nor a public key in 64 hexadecimal digits."
        ) from error
    text = content.decode("utf-8-sig", "replace").strip()
    if "-----BEGIN" in text:
        return from_pem(content.removeprefix(b"\xef\xbb\xbf"), given)
    if text.startswith("{"):
        return from_json(text, given)
    if is_key(text):
        return by_id([text])
    raise UnreadableKey(
        f"{given} holds no public key: it is neither the JSON file of a site, nor a PEM file, nor 64 "
        "hexadecimal digits."
    )


def is_key(text: str) -> bool:
    return re.fullmatch(r"[0-9a-fA-F]{64}", text, re.ASCII) is not None


def by_id(texts: list[str]) -> dict[str, bytes]:
    """Return keys by ids that are computed, never by those that stand beside them."""
    keys = [bytes.fromhex(text) for text in texts]
    return {key_id(key): key for key in keys}


def from_json(text: str, name: str) -> dict[str, bytes]:
    try:
        found = [row["public_key"] for row in json.loads(text)["keys"]]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UnreadableKey(f"{name} is not the file of public keys that a site serves.") from error
    if not found or not all(isinstance(key, str) and is_key(key) for key in found):
        raise UnreadableKey(f"{name} holds no public key, or one that is not 64 hexadecimal digits.")
    return by_id(found)


def from_pem(content: bytes, name: str) -> dict[str, bytes]:
    try:
        key = load_pem_public_key(content)
    except ValueError as error:
        raise UnreadableKey(f"{name} is a PEM file without a public key.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise UnreadableKey(f"{name} holds a public key of another kind than Ed25519.")
    return by_id([key.public_bytes_raw().hex()])
