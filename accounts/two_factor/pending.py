"""The state of an enrolment between requests, kept in the session.

It ends when the user's security stamp changes: somebody who knew the former password, or had the session
before a method was removed, may have seen the secret.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from django.utils import timezone

from accounts import factors
from accounts.factors import challenges
from accounts.factors.base import ENROLMENT_LIFETIME, Factor, State
from accounts.models import User
from accounts.sessions.requests import SiteRequest
from accounts.two_factor import enrolment

ENROLMENT = "enrolment"


@dataclass(frozen=True)
class PendingEnrolment:
    """A device that this session is setting up."""

    user: User
    factor: Factor
    state: State
    started_at: datetime
    next_path: str
    replacing: bool
    # The enrolment that continues when this one is confirmed: {"factor": slug, "state": ...}.
    then: dict[str, Any] | None = None
    follows: bool = False  # it is the `then` of another one, which is confirmed

    @property
    def follower(self) -> Factor | None:
        """Return the factor that is set up after this one, or None."""
        return factors.get(self.then["factor"]) if self.then else None

    @property
    def name(self) -> str:
        """Return what tells this set-up from others of the session, for the form of its page."""
        return str(round(self.started_at.timestamp() * 1000))

    @classmethod
    def start(
        cls,
        request: SiteRequest,
        user: User,
        factor: Factor,
        *,
        next_path: str = "",
        replacing: bool = False,
        details: dict[str, Any] | None = None,
        then: tuple[Factor, dict[str, Any]] | None = None,
    ) -> Self:
        """Begin an enrolment; it replaces a pending one of this session (R12). Raises RuleViolation."""
        session = request.session
        former: dict[str, Any] = session.get(ENROLMENT) or {}
        same_factor = former.get("factor") == factor.slug
        actor = request.actor
        begun = cls(
            user=user,
            factor=factor,
            state=enrolment.begin_enrolment(
                user,
                factor,
                former=former["state"] if same_factor else None,
                actor=actor,
                **(details or {}),
            ),
            started_at=timezone.now(),
            next_path=next_path,
            replacing=replacing,
            then=then
            and {
                "factor": then[0].slug,
                "state": enrolment.begin_enrolment(user, then[0], former=None, actor=actor, **then[1]),
            },
        )
        begun.store(request)
        return begun

    def store(self, request: SiteRequest) -> None:
        request.session[ENROLMENT] = {
            "factor": self.factor.slug,
            "state": self.state,
            "started_at": self.started_at.timestamp(),
            "next": self.next_path,
            "replacing": self.replacing,
            "then": self.then,
            "follows": self.follows,
            "stamp": stamp_of(request),
        }

    def ask(self, request: SiteRequest) -> None:
        """Have the factor act, for the first time or again.

        Raises MethodPaused, RateLimited, SessionEnded.
        """
        state = challenges.challenge(
            self.user, self.factor, self.state, session=request.session, actor=request.actor
        )
        replace(self, state=state).store(request)

    def finish(self, request: SiteRequest) -> Self | None:
        """Forget this enrolment; start and return the one that follows (`then`), or None."""
        request.session.pop(ENROLMENT, None)
        factor = self.follower
        if self.then is None or factor is None:
            return None
        follower = replace(
            self, factor=factor, state=self.then["state"], started_at=timezone.now(), then=None, follows=True
        )
        follower.store(request)
        return follower

    @classmethod
    def load(cls, request: SiteRequest, user: User) -> Self | None:
        """Return the pending enrolment of this session; None if there is none, after 15 minutes, or if the
        user's security stamp has changed.
        """
        stored: dict[str, Any] | None = request.session.get(ENROLMENT)
        factor = factors.get(stored["factor"]) if stored else None
        if stored is None or factor is None or stored.get("stamp") != stamp_of(request):
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
            then=stored["then"],
            follows=stored.get("follows", False),  # missing in those that the former release began
        )

    @staticmethod
    def forget(request: SiteRequest) -> None:
        request.session.pop(ENROLMENT, None)


def stamp_of(request: SiteRequest) -> str:
    """Return the security stamp of this session, or "" without a session."""
    row = request.session.row
    return row.security_stamp if row is not None else ""
