"""Read the mails and texts that the development backends have written, for the development inbox."""

import email
import email.policy
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Self

from django.utils.translation import gettext as _

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
        return cls(
            to=str(message["To"]),
            subject=str(message["Subject"]),
            sent_at=sent_at(message),
            text=text.get_content() if text else "",
        )


def sent_at(message: EmailMessage) -> datetime | None:
    """Return when the mail was sent. Mails of Django say "-0000", which is UTC (RFC 5322, 3.3)."""
    date = message["Date"]
    sent: datetime | None = date.datetime if date else None
    return sent.replace(tzinfo=UTC) if sent and sent.tzinfo is None else sent


def parse_text(file: Path) -> StoredMail:
    """Return a text message. The first line of its file is the number."""
    to, _separator, body = file.read_text().partition("\n")
    sent_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    return StoredMail(to=to, subject=_("Text message"), sent_at=sent_at, text=body)


def newest(directory: Path, count: int) -> list[StoredMail]:
    """Return up to `count` mails and texts, newest first."""
    written = [*directory.glob("*.log"), *directory.glob("*.text")]
    files = sorted(written, key=lambda file: file.stat().st_mtime_ns, reverse=True)
    mails: list[StoredMail] = []
    for file in files[:count]:
        if file.suffix == ".text":
            mails.append(parse_text(file))
            continue
        parts = [part for part in file.read_bytes().split(END_OF_MAIL) if part.strip()]
        mails += [StoredMail.parse(part) for part in reversed(parts)]
    return mails[:count]
