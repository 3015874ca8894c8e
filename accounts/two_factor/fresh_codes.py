"""Backup codes that this session has just made, shown on a page of their own until they are kept (D46).

The session holds which set it is, and no code: the page reads the codes from where they are sealed. It shows
them in the session that made them, while the proof with which it made them is fresh, and the newest set only.
So it gives nobody more than the answer to the POST did: later, it takes *Reveal codes*.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from django.utils import timezone

from accounts import factors
from accounts.models import User
from accounts.sessions.assurance import SUDO_LIFETIME, has_sudo
from accounts.sessions.requests import SiteRequest
from accounts.sessions.store import SessionStore

FRESH_CODES = "fresh_codes"


@dataclass(frozen=True)
class FreshCodes:
    """The codes that this session made last, whether it may still show them or not."""

    sets: dict[str, int]  # the ids of the sets, by the slugs of their factors
    proved_at: datetime
    first: bool  # they came with the first device
    next_path: str

    @classmethod
    def load(cls, request: SiteRequest) -> Self | None:
        """Return what this session made last and did not say it has kept, or None."""
        stored: dict[str, Any] | None = request.session.get(FRESH_CODES)
        if stored is None:
            return None
        return cls(
            sets=stored["sets"],
            proved_at=datetime.fromtimestamp(stored["proved_at"], UTC),
            first=stored["first"],
            next_path=stored["next"],
        )

    def codes(self, request: SiteRequest, user: User) -> list[str]:
        """Return the unused ones if this session may show them now, else []. Raises DecryptionFailed."""
        # Another proof does not make it longer: what is shown after it is recorded, as revealed codes are.
        since_proof = timezone.now() - self.proved_at
        if not has_sudo(request) or not timedelta(0) <= since_proof < SUDO_LIFETIME:
            return []
        codes = [code for factor in factors.backup() for code in factor.reveal(user)]
        # Asked last: codes that were made meanwhile, in another session, must not be shown here.
        return codes if self.is_newest(user) else []

    def is_newest(self, user: User) -> bool:
        """Return whether these sets are the present ones of the user."""
        return self.sets == sets_of(user)

    @staticmethod
    def forget(request: SiteRequest) -> None:
        request.session.pop(FRESH_CODES, None)


def note(session: SessionStore, user: User, *, first: bool, next_path: str = "") -> None:
    """Note in the session that it has just made the user's codes, in the transaction that made them."""
    row = session.row
    if row is None or row.proved_at is None:
        return
    session[FRESH_CODES] = {
        "sets": sets_of(user),
        "proved_at": row.proved_at.timestamp(),
        "first": first,
        "next": next_path,
    }
    session.save()


def sets_of(user: User) -> dict[str, int]:
    devices = {factor.slug: factor.device_of(user) for factor in factors.backup()}
    return {slug: device.pk for slug, device in devices.items() if device is not None}
