"""Mails that Django's file backend has written, read back for the development inbox."""

import email
import email.policy
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Self

END_OF_MAIL = b"-" * 79 + b"\n"


@dataclass(frozen=True)
class StoredMail:
    to: str
    subject: str
    sent_at: datetime | None
    text: str

    @classmethod
    def parse(cls, source: bytes) -> Self:
        message = email.message_from_bytes(source, policy=email.policy.default)
        assert isinstance(message, EmailMessage)  # noqa: S101 - the policy makes nothing else
        text = message.get_body(("plain",))
        date = message["Date"]
        return cls(
            to=str(message["To"]),
            subject=str(message["Subject"]),
            sent_at=date.datetime if date else None,
            text=text.get_content() if text else "",
        )


def newest(directory: Path, count: int) -> list[StoredMail]:
    """Return the newest mails, the newest first."""
    files = sorted(directory.glob("*.log"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    mails: list[StoredMail] = []
    for file in files[:count]:
        parts = [part for part in file.read_bytes().split(END_OF_MAIL) if part.strip()]
        mails += [StoredMail.parse(part) for part in reversed(parts)]
    return mails[:count]
