"""Verify a file of evidence against public keys, in the same memory for a file of any length."""

import hashlib
import hmac
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from accounts.evidence.statements import (
    CSV,
    JSON,
    LONGEST_TRAILER,
    STARTS,
    NotATrailer,
    Statement,
    is_signed,
    read_trailer,
    trailer,
)

AT_ONCE = 64 * 1024  # bytes
BOM = b"\xef\xbb\xbf"  # of UTF-8, which some programs put first
WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")
ENDS = {CSV: b"\r\n", JSON: b"\n"}


class Outcome(StrEnum):
    """What became of a verification."""

    VALID = "valid"
    CHANGED = "changed"
    TRUNCATED = "truncated"
    UNKNOWN_KEY = "unknown key"
    UNREADABLE = "not evidence"


@dataclass(frozen=True)
class Verdict:
    """`statement` is what the file claims; only with VALID, somebody with the key has said so."""

    outcome: Outcome
    statement: Statement | None = None
    hint: str = ""


def verify(file: BinaryIO, keys: Mapping[str, bytes]) -> Verdict:
    """Return whether a file of evidence is as one of these keys has signed it. The file must be seekable."""
    start = file.read(len(BOM) + 1)
    if not start:
        return Verdict(Outcome.UNREADABLE, hint="The file is empty.")
    if start.startswith(WIDE_BOMS):
        return Verdict(
            Outcome.CHANGED,
            hint="A program saved it in another encoding (UTF-16). Use the file as downloaded.",
        )
    form = JSON if start.removeprefix(BOM).startswith(b"{") else CSV
    length = file.seek(0, os.SEEK_END)
    file.seek(max(0, length - LONGEST_TRAILER))
    end = file.read()
    at = end.rfind(b"\n" + STARTS[form]) + 1
    if not at:
        return without_signature(file, form)
    try:
        statement, signature = read_trailer(end[at:], form)
    except NotATrailer:
        return of_damage(end[at:], form)
    if statement.key not in keys:
        return Verdict(Outcome.UNKNOWN_KEY, statement)
    if not is_signed(statement, signature, keys[statement.key]):
        return Verdict(Outcome.CHANGED, statement, "The signature doesn't match the statement beside it.")
    size = length - len(end) + at
    is_last = end[at:] == trailer(statement, signature)
    if is_last and is_digest(statement, blocks(file, size)):
        return Verdict(Outcome.VALID, statement)
    return Verdict(Outcome.CHANGED, statement, hint_of_change(file, size, statement))


def without_signature(file: BinaryIO, form: str) -> Verdict:
    """Say of a file without a signature at its end whether it begins as evidence does."""
    file.seek(0)
    beginning = file.read(200).removeprefix(BOM)
    if beginning.startswith(b"user_id,username,") or b'"evidence"' in beginning:
        hint = (
            "There is no signature at the end: the file was cut off, something was added after the "
            "signature, or another program saved the file. Use the file as downloaded, or download it again."
        )
        return Verdict(Outcome.TRUNCATED, hint=hint)
    return Verdict(Outcome.UNREADABLE, hint="This isn't an evidence file, or another program has saved it.")


def of_damage(end: bytes, form: str) -> Verdict:
    """Return what became of a signature that is none: cut off, followed by something, or changed."""
    first, _, rest = end.partition(b"\n")
    if rest.strip(b"\r\n}"):
        return Verdict(Outcome.CHANGED, hint="Something was added after the signature.")
    if not first.rstrip(b"\r").endswith(b"}" if form == JSON else b'}"'):
        return Verdict(Outcome.TRUNCATED, hint="Its signature is cut off. Download it again.")
    return Verdict(Outcome.CHANGED, hint="The signature was changed.")


def blocks(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the first `size` bytes of a file."""
    file.seek(0)
    while size > 0 and (block := file.read(min(AT_ONCE, size))):
        size -= len(block)
        yield block


def is_digest(statement: Statement, content: Iterator[bytes]) -> bool:
    digest = hashlib.sha256()
    for block in content:
        digest.update(block)
    return hmac.compare_digest(digest.hexdigest().encode(), statement.sha256.encode())


def hint_of_change(file: BinaryIO, size: int, statement: Statement) -> str:
    """Say what has changed, if that is a thing that programs do to files without being asked."""
    for put_back, hint in HARMLESS.items():
        if is_digest(statement, put_back(file, size, statement.format)):
            return hint
    return "Rows or characters are not those that were signed, or the signature is that of another file."


def without_bom(file: BinaryIO, size: int, form: str) -> Iterator[bytes]:
    for number, block in enumerate(blocks(file, size)):
        yield block.removeprefix(BOM) if number == 0 else block


def with_own_ends(file: BinaryIO, size: int, form: str) -> Iterator[bytes]:
    """Yield lines with the line ends of this format, and without a mark."""
    file.seek(0)
    left, first = size, True
    while left > 0 and (line := file.readline(min(AT_ONCE, left))):
        left -= len(line)
        line, first = line.removeprefix(BOM) if first else line, False
        yield line.rstrip(b"\r\n") + ENDS[form] if line.endswith(b"\n") else line


def as_it_is(file: BinaryIO, size: int, form: str) -> Iterator[bytes]:
    return blocks(file, size)


AS_SIGNED = "The rows are as they were signed. Use the file as downloaded."
HARMLESS: dict[Callable[[BinaryIO, int, str], Iterator[bytes]], str] = {
    as_it_is: "The rows are as they were signed, but the end of the file is not as it was written.",
    without_bom: f"A program put a byte-order mark in front. {AS_SIGNED}",
    with_own_ends: f"A mail program or an editor changed the line ends. {AS_SIGNED}",
}
