"""What the server remembers between two requests of one flow; nothing else touches these session keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from django.http import HttpRequest
from django.utils import timezone

from accounts import factors, two_factor
from accounts.audit import Actor
from accounts.exceptions import SessionEnded
from accounts.factors.base import ENROLMENT_LIFETIME, Factor, State
from accounts.models import User
from accounts.sessions import session_of

ENROLMENT = "enrolment"


@dataclass(frozen=True)
class PendingLogin:
    """A browser that has shown the right password and still has to answer a challenge."""

    user: User
    next_path: str

    @classmethod
    def load(cls, request: HttpRequest) -> Self | None:
        session = session_of(request)
        user = session.pending_user
        if user is None:
            return None
        return cls(user=user, next_path=session.load().get("next", ""))

    def factor(self, *, backup: bool) -> Factor:
        """Return the factor to ask: the first that this user has. Raises SessionEnded if there is none."""
        candidates: Sequence[Factor] = factors.backup() if backup else factors.primary()
        for factor in candidates:
            if factor.device_of(self.user) is not None:
                return factor
        raise SessionEnded


@dataclass(frozen=True)
class PendingEnrolment:
    """A device that this session is setting up."""

    user: User
    factor: Factor
    state: State
    started_at: datetime
    next_path: str
    replacing: bool

    @classmethod
    def start(
        cls, request: HttpRequest, user: User, factor: Factor, *, next_path: str, replacing: bool
    ) -> None:
        """Begin an enrolment; one that was under way in this session is replaced (R12)."""
        session = session_of(request)
        former: dict[str, Any] = session.get(ENROLMENT) or {}
        same_factor = former.get("factor") == factor.slug
        state = two_factor.begin_enrolment(
            user, factor, former=former["state"] if same_factor else None, actor=Actor.of(request)
        )
        session[ENROLMENT] = {
            "factor": factor.slug,
            "state": state,
            "started_at": timezone.now().timestamp(),
            "next": next_path,
            "replacing": replacing,
        }

    @classmethod
    def load(cls, request: HttpRequest, user: User) -> Self | None:
        """Return what is being set up in this session, or None: nothing, or for more than 15 minutes."""
        stored: dict[str, Any] | None = session_of(request).get(ENROLMENT)
        factor = factors.get(stored["factor"]) if stored else None
        if stored is None or factor is None:
            return None
        started_at = datetime.fromtimestamp(stored["started_at"], UTC)
        age = timezone.now() - started_at
        if not timedelta(0) <= age < ENROLMENT_LIFETIME or not factor.is_pending(user, stored["state"]):
            return None
        return cls(
            user=user,
            factor=factor,
            state=stored["state"],
            started_at=started_at,
            next_path=stored["next"],
            replacing=stored["replacing"],
        )

    @staticmethod
    def forget(request: HttpRequest) -> None:
        session_of(request).pop(ENROLMENT, None)
