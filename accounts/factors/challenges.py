"""Have a factor act, and record wrong answers."""

from enum import Enum

from django.db import transaction

from accounts.audit import Actor, Event, record, subject_of
from accounts.audit.counts import refusals_counted
from accounts.exceptions import MethodSetAside
from accounts.factors.base import Factor, State
from accounts.models import User
from accounts.sessions.locks import lock_user
from accounts.sessions.store import SessionStore


class Purpose(Enum):
    LOGIN = "login"
    SUDO = "sudo"


def record_failure(user: User, factor: Factor, purpose: str, *, actor: Actor) -> None:
    record(
        Event.TWO_FACTOR_FAILED,
        actor=actor,
        subject=subject_of(user),
        user=user,
        method=factor.slug,
        purpose=purpose,
    )


def challenge(user: User, factor: Factor, state: State, *, session: SessionStore, actor: Actor) -> State:
    """Have the factor act (send a text) for a login, sudo or an enrolment; return the new state.

    Raises MethodSetAside, MethodPaused, RateLimited, SessionEnded.
    """
    with refusals_counted(factor.slug):
        if factor.is_set_aside(user, state):
            raise MethodSetAside
        factor.reserve(user, state, actor=actor)
    with transaction.atomic():
        is_login = session.pending_user is not None
        user = lock_user(user, session, row_too=not is_login)
        if is_login:  # lock its row after the user, as answer_challenge does
            session.lock()
        state = factor.challenge(user, state, actor=actor)
        record(
            Event.TWO_FACTOR_CHALLENGED,
            actor=actor,
            subject=subject_of(user),
            user=user,
            method=factor.slug,
            purpose=state.get("purpose", ""),
        )
    return state
