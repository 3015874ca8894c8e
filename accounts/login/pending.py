"""What the server remembers of a login between two requests; nothing else touches these session keys."""

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


@dataclass(frozen=True)
class PendingLogin:
    """A browser that has shown the right password and still has to answer a challenge."""

    user: User
    next_path: str
    methods: Methods
    remembered_for: timedelta

    @classmethod
    def load(cls, request: SiteRequest) -> Self | None:
        """Return the pending login of this session. Costs no statement but the session's own."""
        session = request.session
        if session.row is None or session.pending_user is None:
            return None
        data = session.load()
        return cls(
            user=session.pending_user,
            next_path=data.get("next", ""),
            methods=Methods.of(data.get(METHODS, {})),
            remembered_for=remembered.lifetime_after(session.row),
        )

    def refreshed(self, request: SiteRequest) -> Self:
        """Return it with the methods as they are now: the last wrong answer may have cost one."""
        methods = factors.methods_of(self.user)
        if methods != self.methods:
            request.session[METHODS] = methods.slugs
        return replace(self, methods=methods)

    def factor(self, slug: str, *, backup: bool) -> Factor:
        """Return the factor of this name, or the first of this user. Raises SessionEnded without any."""
        offered: list[Factor] = (
            [*factors.backup()] if backup else [*self.methods.working, *self.methods.set_aside]
        )
        named = [factor for factor in offered if factor.slug == slug]
        for factor in [*named, *offered]:
            return factor
        raise SessionEnded


@dataclass(frozen=True)
class PendingChallenge:
    """What a factor that acts has sent, for the login or the sudo of this session."""

    factor: Factor
    state: State

    @classmethod
    def load(cls, request: SiteRequest) -> Self | None:
        stored: dict[str, Any] | None = request.session.get(CHALLENGE)
        factor = factors.get(stored["factor"]) if stored else None
        return cls(factor, stored["state"]) if stored and factor else None

    @classmethod
    def start(cls, request: SiteRequest, user: User, factor: Factor, purpose: Purpose) -> None:
        """Have the factor act. Raises RateLimited while it has to wait."""
        session = request.session
        state = challenges.challenge(
            user, factor, {"purpose": purpose.value}, session=session, actor=request.actor
        )
        session[CHALLENGE] = {"factor": factor.slug, "state": state}

    @staticmethod
    def state_for(request: SiteRequest, factor: Factor, purpose: Purpose) -> State:
        """Return what this session remembers of a factor's challenge for this purpose."""
        pending = PendingChallenge.load(request)
        if pending and pending.factor == factor and pending.state.get("purpose") == purpose.value:
            return pending.state
        return {}

    @staticmethod
    def describe(request: SiteRequest, user: User, factor: Factor, purpose: Purpose) -> dict[str, Any]:
        """Return what the page that asks this factor shows of it."""
        return factor.describe(user, PendingChallenge.state_for(request, factor, purpose))

    @staticmethod
    def forget(request: SiteRequest) -> None:
        request.session.pop(CHALLENGE, None)
