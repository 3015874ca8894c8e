"""The session engine: hashed keys, a user column, a verified mark, one read per request.

A row is created after the right password; anonymous visitors have none. The key changes at every step, and
the former key is refused from then on (R9). Each change is one statement that names the former key: if two
requests send it, one wins and the other gets SessionEnded.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone

from accounts.audit import Actor
from accounts.database.prepared import Prepared
from accounts.database.writes import insert, update
from accounts.exceptions import SessionEnded
from accounts.models import RememberedBrowser, Session, User
from accounts.models.methods import UNKNOWN
from accounts.sessions.lifetimes import ABSOLUTE_LIFETIME, PENDING_LIFETIME, extra_columns, is_alive

BY_KEY = Prepared(
    lambda key_hash: Session.objects.with_people().annotate(**extra_columns).filter(key_hash=key_hash)
)


def hash_of(key: str) -> str:
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()


def proof(factor: str, now: datetime) -> dict[str, Any]:
    """Return the columns of a session after a proof by this factor, or by the password alone ("")."""
    return {
        "verified_at": now if factor else None,
        "proved_at": now,
        "factor": factor,
        "remembered_method": UNKNOWN,
    }


class SessionStore(SessionBase):
    """The class of `request.session`. `row` is the session's row, or None for an anonymous visitor."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self.loaded = False
        self.found: Session | None = None
        self.new_key: str | None = None  # to be sent to the browser
        self.ended = False  # the browser's cookie is to be deleted
        self.remembered_token: str | None = None  # for the browser's cookie (accounts/sessions/remembered.py)

    # --- Reading ---

    @property
    def row(self) -> Session | None:
        if not self.loaded:
            self.loaded = True
            self.found = self.find(self.session_key) if self.session_key else None
        return self.found

    def find(self, key: str) -> Session | None:
        """Return the row of a key if it is valid: not expired, not idle too long, with the current stamp."""
        row = BY_KEY.first(key_hash=hash_of(key))
        if row is None or not is_alive(row, timezone.now()):
            return None
        return row

    @property
    def user(self) -> User | None:
        return self.row.user if self.row else None

    @property
    def pending_user(self) -> User | None:
        return self.row.pending_user if self.row else None

    def load(self) -> dict[str, Any]:
        return dict(self.row.data) if self.row else {}

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(key_hash=hash_of(session_key)).exists()

    # --- Steps: each writes the row in the caller's transaction ---

    def begin_pending(self, user: User, *, actor: Actor, **data: Any) -> None:
        """Begin a pending login: the password was right, and a second factor is still required."""
        self.replace_row(user=None, pending_user=user, actor=actor, lifetime=PENDING_LIFETIME, data=data)

    def sign_in(self, user: User, *, actor: Actor, remembered: RememberedBrowser | None = None) -> None:
        """Begin a session: the password was right, and this user or this browser needs nothing else."""
        self.replace_row(
            user=user,
            pending_user=None,
            actor=actor,
            lifetime=ABSOLUTE_LIFETIME,
            data={},
            remembered=remembered,
        )

    def replace_row(
        self,
        *,
        user: User | None,
        pending_user: User | None,
        actor: Actor,
        lifetime: timedelta,
        data: dict[str, Any],
        remembered: RememberedBrowser | None = None,
    ) -> None:
        now = timezone.now()
        if self.row:
            Session.objects.filter(pk=self.row.pk).delete()
        key = self.next_key()
        row = Session(
            key_hash=hash_of(key),
            user=user,
            pending_user=pending_user,
            security_stamp=(user or pending_user).security_stamp,  # type: ignore[union-attr]
            data=data,
            created_at=now,
            last_used_at=now,
            expires_at=now + lifetime,
            verified_at=now if remembered else None,
            proved_at=now if user and not remembered else None,
            factor=Session.REMEMBERED if remembered else "",
            remembered_method=remembered.method if remembered else UNKNOWN,
            ip=actor.ip,
            user_agent=actor.user_agent,
        )
        insert(row)
        self.found, self.loaded = row, True
        self.adopt(key)

    def complete_login(self, user: User, *, factor: str) -> None:
        """Turn the pending login into a verified session after a right answer. Raises SessionEnded."""
        now = timezone.now()
        self.rotate(
            user=user,
            pending_user=None,
            data={},
            created_at=now,
            expires_at=now + ABSOLUTE_LIFETIME,
            verified_at=now,
            proved_at=now,
            factor=factor,
        )

    def renew(self, user: User, **changes: Any) -> None:
        """Continue with a new key and the user's current stamp. Raises SessionEnded."""
        self.rotate(security_stamp=user.security_stamp, **changes)

    def prove(self, *, factor: str = "") -> None:
        """Grant sudo after a proof. A factor also makes the session fully verified. Raises SessionEnded."""
        now = timezone.now()
        self.rotate(**proof(factor, now) if factor else {"proved_at": now})

    def rotate(self, **changes: Any) -> None:
        if self.row is None:
            raise SessionEnded
        key = self.next_key()
        former = {"id": self.row.pk, "key_hash": self.row.key_hash}
        changed = {"key_hash": hash_of(key), "last_used_at": timezone.now(), **changes}
        if not update(Session, former, changed):
            raise SessionEnded
        for name, value in changes.items():
            setattr(self.row, name, value)
        self.row.key_hash = hash_of(key)
        self.adopt(key)

    def lock(self) -> None:
        """Lock this session's row until the transaction ends: a sign-out comes before or after.

        Raises SessionEnded.
        """
        row = self.row
        if row is None or not (
            Session.objects.select_for_update(no_key=True).filter(pk=row.pk, key_hash=row.key_hash).exists()
        ):
            raise SessionEnded

    def end(self) -> bool:
        """End the session or pending login: delete the row and the browser's cookie.

        Returns whether the row existed: of two concurrent sign-outs, only one ended the session.
        """
        gone = Session.objects.filter(pk=self.row.pk).delete()[0] if self.row else 0
        self.found, self.loaded, self.new_key, self.ended = None, True, None, True
        self._session_cache: dict[str, Any] = {}
        return gone > 0

    def next_key(self) -> str:
        return secrets.token_urlsafe(32)

    def adopt(self, key: str) -> None:
        # Steps come late in a verb's transaction: only events, mails, give-backs and signals follow. If one
        # of them fails, the response is a 5xx: SessionMiddleware sends no key, and the former stays valid.
        self._set_session_key(key)
        self.new_key, self.ended = key, False
        self._session_cache = dict(self.row.data) if self.row else {}
        self.modified = False

    # --- Methods of SessionBase ---

    def save(self, must_create: bool = False) -> None:
        """Write `data` (the pending enrolment or challenge, the next path), if there is a row."""
        if self.row is None:
            return
        data = dict(self._get_session(no_load=must_create))  # type: ignore[attr-defined]
        Session.objects.filter(pk=self.row.pk, key_hash=self.row.key_hash).update(data=data)
        self.row.data = data
        self.modified = False

    def create(self) -> None:
        """Do nothing: anonymous visitors have no session."""

    def delete(self, session_key: str | None = None) -> None:
        self.end()

    def flush(self) -> None:
        self.end()

    def cycle_key(self) -> None:
        self.rotate()

    @classmethod
    def clear_expired(cls) -> None:
        Session.objects.filter(expires_at__lt=timezone.now()).delete()
