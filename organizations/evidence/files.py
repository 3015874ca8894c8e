"""The lines of an export, as CSV and as JSON, without their signatures (docs/guide/evidence.md)."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from accounts.models.levels import NAMES_IN_FILES
from accounts.models.public_ids import public_id
from accounts.web.downloads import csv_lines
from organizations.evidence.stays import Period, Stay

ACTIVE, DEACTIVATED, LEFT = "active", "deactivated", "left"
COLUMNS = [
    "user_id",
    "username",
    "email",
    "role",
    "status",
    "joined_at",
    "left_at",
    "level",
    "two_factor_since",
    "authenticator_app_since",
    "period_level",
    "period_began_at",
    "period_ended_at",
]


def in_utc(at: datetime | None) -> str | None:
    """Return a time as evidence has it: ISO 8601 in UTC, so that columns of times can be sorted."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def person(stay: Stay) -> dict[str, str | None]:
    """Return what is said of a stay, besides its periods."""
    member = stay.member
    role = status = email = None
    if member is not None and member.user is not None:
        role = "owner" if member.is_owner else "member"
        status = ACTIVE if member.user.is_active else DEACTIVATED
        email = member.user.email if member.user.email_confirmed else None
    return {
        "user_id": public_id("user", stay.user_id),
        "username": stay.username,
        "email": email,
        "role": role,
        "status": status or (LEFT if stay.is_over else ACTIVE),
        "joined_at": in_utc(stay.joined_at),
        "left_at": in_utc(stay.left_at),
        "level": None if stay.is_over else NAMES_IN_FILES[stay.level],
        "two_factor_since": in_utc(stay.two_factor_since),
        "authenticator_app_since": in_utc(stay.authenticator_app_since),
    }


def period_values(period: Period) -> tuple[str, str | None, str | None]:
    return NAMES_IN_FILES[period.level], in_utc(period.began_at), in_utc(period.ended_at)


def csv_rows(stays: Iterable[Stay]) -> Iterator[list[Any]]:
    """Yield a row for each period."""
    for stay in stays:
        values = list(person(stay).values())
        for period in stay.periods:
            yield [*values, *period_values(period)]


class CsvFile:
    """The content of a CSV file, and the number of its rows once it has been read."""

    def __init__(self, stays: Iterable[Stay], head: dict[str, str]) -> None:
        self.rows = 0
        self.stays = stays

    def __iter__(self) -> Iterator[str]:
        return csv_lines(COLUMNS, self.counted())

    def counted(self) -> Iterator[list[Any]]:
        for row in csv_rows(self.stays):
            self.rows += 1
            yield row


class JsonFile:
    """The content of a JSON file up to its signature, and the number of its members once it has been read."""

    def __init__(self, stays: Iterable[Stay], head: dict[str, str]) -> None:
        self.rows = 0
        self.stays, self.head = stays, head

    def __iter__(self) -> Iterator[str]:
        yield f'{{\n"evidence": {json.dumps(self.head)},\n"members": ['
        for stay in self.stays:
            names = ("level", "began_at", "ended_at")
            periods = [dict(zip(names, period_values(each), strict=True)) for each in stay.periods]
            yield f"{',' if self.rows else ''}\n{json.dumps(person(stay) | {'periods': periods})}"
            self.rows += 1
        yield "\n],\n"


FILES: dict[str, type[CsvFile | JsonFile]] = {"csv": CsvFile, "json": JsonFile}
