"""What is signed of a file of evidence, and how its signature stands at the file's end.

The digest is known only when the last row has been sent, so the signature is the last line of a CSV file, and
the last member of a JSON file: one file, which stays readable for every program. Everything before it is what
the digest is of, byte for byte.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

CSV, JSON = "csv", "json"
VERSION = 1
PURPOSE = b"tfc-auth evidence 1\n"  # in front of what is signed, so that it is never taken for anything else
LONGEST_TRAILER = 16 * 1024  # bytes
STARTS = {CSV: b"# signature,", JSON: b'"signature": '}


@dataclass(frozen=True)
class Statement:
    """What a signature says. `rows` are the lines of a CSV file below its header, or the members in JSON."""

    version: int
    site: str
    organization: str
    organization_id: str
    taken_at: str  # ISO 8601, UTC
    exported_by: str
    format: str
    rows: int
    sha256: str
    key: str


class NotATrailer(ValueError):
    """What stands at the end of a file is not what a signature looks like."""


def canonical(values: dict[str, Any]) -> str:
    return json.dumps(values, sort_keys=True, separators=(", ", ": "), ensure_ascii=True)


def signed_bytes(statement: Statement) -> bytes:
    """Return what is signed: the purpose, and the statement in its one form."""
    return PURPOSE + canonical(asdict(statement)).encode()


def trailer(statement: Statement, signature: bytes) -> bytes:
    """Return the end of a file, in its one form: nobody can write the same in another way."""
    text = canonical(asdict(statement) | {"signature": signature.hex()})
    if statement.format == JSON:
        return STARTS[JSON] + f"{text}\n}}\n".encode()
    return STARTS[CSV] + '"{}"\r\n'.format(text.replace('"', '""')).encode()


def sign(statement: Statement, key: Ed25519PrivateKey) -> bytes:
    """Return the end of a file with this statement, signed."""
    return trailer(statement, key.sign(signed_bytes(statement)))


def read_trailer(end: bytes, form: str) -> tuple[Statement, bytes]:
    """Return the statement and the signature at the end of a file, which `end` is.

    Raises NotATrailer. Whether it is in its one form is asked by `trailer`.
    """
    text = end[len(STARTS[form]) :].decode("ascii", "replace").rstrip("\r\n")
    try:
        if form == CSV:
            text = text.removeprefix('"').removesuffix('"').replace('""', '"')
        values = json.loads(text.removesuffix("}").rstrip("\r\n") if form == JSON else text)
        signature = bytes.fromhex(values.pop("signature"))
        statement = Statement(**values)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise NotATrailer from error
    if not all(isinstance(getattr(statement, field.name), field.type) for field in fields(Statement)):  # type: ignore[arg-type]
        raise NotATrailer
    if statement.version != VERSION or statement.format != form:
        raise NotATrailer
    return statement, signature


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """Return the public half of a key, in 32 bytes."""
    return key.public_key().public_bytes_raw()


def key_id(public_key: bytes) -> str:
    """Return by which name a statement calls a public key."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def is_signed(statement: Statement, signature: bytes, public_key: bytes) -> bool:
    """Return whether this key has signed the statement."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signed_bytes(statement))
    except (InvalidSignature, ValueError):
        return False
    return True
