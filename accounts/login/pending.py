"""The state of a login between requests. Only this module and sign_in.py know its session keys."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Self

from accounts import factors
from accounts.exceptions import SessionEnded
from accounts.factors import Methods, challenges
from accounts.factors.base import Factor, State
from accounts.factors.challenges import Purpose
from accounts.models import User
from accounts.sessions import remembered
from accounts.sessions.requests import SiteRequest

CHALLENGE = "challenge"
METHODS = "methods"
REMEMBER = "remember"


@dataclass(frozen=True)
class PendingLogin:
    """A login with the right password that still needs the answer to a challenge."""

    user: User
    next_path: str
    methods: Methods
    remembered_for: timedelta
    remember: bool  # the box was ticked on the page that was shown last

    @classmethod
    def load(cls, request: SiteRequest) -> Self | None:
        """Return the pending login of this session, or None. Needs no statement besides the session's own."""
        session = request.session
        if session.row is None or session.pending_user is None:
            return None
        data = session.load()
        return cls(
            user=session.pending_user,
            next_path=data.get("next", ""),
            methods=Methods.of(data.get(METHODS, {})),
            remembered_for=remembered.lifetime_after(session.row),
            remember=bool(data.get(REMEMBER)),
        )

    def keep_tick(self, request: SiteRequest) -> None:
        """Note whether the box was ticked in the form that was sent, for the page that comes next."""
        ticked = bool(request.POST.get("remember"))
        if ticked != self.remember:
            request.session[REMEMBER] = ticked

    def refreshed(self, request: SiteRequest) -> Self:
        """Return a copy with the current methods: the last wrong answer may have set one aside."""
        methods = factors.methods_of(self.user)
        if methods != self.methods:
            request.session[METHODS] = methods.states
        return replace(self, methods=methods)

    def factor(self, slug: str, *, backup: bool) -> Factor:
        """Return the user's factor with this slug, else the first. Raises SessionEnded if there is none."""
        offered: list[Factor] = (
            [*factors.backup()] if backup else [*self.methods.working, *self.methods.set_aside]
        )
        factor = factors.chosen(offered, slug)
        if factor is None:
            raise SessionEnded
        return factor


@dataclass(frozen=True)
class PendingChallenge:
    """The challenge that a factor has sent for the login or sudo of this session."""

    factor: Factor
    state: State

    @classmethod
    def load(cls, request: SiteRequest) -> Self | None:
        stored: dict[str, Any] | None = request.session.get(CHALLENGE)
        factor = factors.get(stored["factor"]) if stored else None
        return cls(factor, stored["state"]) if stored and factor else None

    @classmethod
    def start(cls, request: SiteRequest, user: User, factor: Factor, purpose: Purpose) -> None:
        """Have the factor act and keep its state.

        Raises MethodSetAside, MethodPaused, RateLimited, SessionEnded.
        """
        session = request.session
        state = challenges.challenge(
            user, factor, {"purpose": purpose.value}, session=session, actor=request.actor
        )
        session[CHALLENGE] = {"factor": factor.slug, "state": state}

    @staticmethod
    def state_for(request: SiteRequest, factor: Factor, purpose: Purpose) -> State:
        """Return the state of this factor's challenge for this purpose; {} if there is none."""
        pending = PendingChallenge.load(request)
        if pending and pending.factor == factor and pending.state.get("purpose") == purpose.value:
            return pending.state
        return {}

    @staticmethod
    def describe(request: SiteRequest, user: User, factor: Factor, purpose: Purpose) -> dict[str, Any]:
        """Return what the page that asks for this factor shows."""
        return factor.describe(user, PendingChallenge.state_for(request, factor, purpose))

    @staticmethod
    def forget(request: SiteRequest) -> None:
        request.session.pop(CHALLENGE, None)
