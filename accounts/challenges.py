"""The verbs before an answer: devices are begun and dropped, and factors that act do so."""

from typing import Any

from django.db import transaction

from accounts import limits
from accounts.audit import Actor, events, name_of, record
from accounts.exceptions import EmailNotConfirmed, MethodSetAside
from accounts.factors.base import Factor, State
from accounts.models import User
from accounts.sessions.locks import acting, hold
from accounts.sessions.store import SessionStore


def begin_enrolment(
    user: User, factor: Factor, *, former: State | None, actor: Actor, **details: Any
) -> State:
    """Make an unconfirmed device in the place of `former`; return what has to be remembered of it.

    Sends nothing: a factor that acts is asked by `challenge`.
    """
    if not user.email_confirmed:
        raise EmailNotConfirmed
    with acting(actor):
        User.objects.lock(user.pk)
        if former:
            factor.discard(user, former)
        state = factor.begin_enrolment(user, **details)
        record(
            events.TWO_FACTOR_STARTED,
            actor=actor,
            subject=name_of(user),
            user=user,
            method=factor.slug,
        )
    return state


def challenge(user: User, factor: Factor, state: State, *, session: SessionStore, actor: Actor) -> State:
    """Have the factor act (send a text), for a login, for sudo or for an enrolment; return the new state.

    Raises MethodSetAside, RateLimited, SessionEnded.
    """
    if factor.is_set_aside(user, state):
        raise MethodSetAside
    limits.reserve(*factor.claims(user, state, actor=actor))
    with transaction.atomic():
        is_login = session.pending_user is not None
        user = hold(user, session, row_too=not is_login)
        if is_login:  # its row comes after the user, as where the answer is taken
            session.hold()
        state = factor.challenge(user, state)
        record(
            events.TWO_FACTOR_CHALLENGED,
            actor=actor,
            subject=name_of(user),
            user=user,
            method=factor.slug,
            purpose=state.get("purpose", ""),
        )
    return state


def cancel_enrolment(user: User, factor: Factor, state: State, *, actor: Actor) -> None:
    """Forget an unconfirmed device. Harmless when it is gone."""
    with acting(actor):
        if factor.discard(user, state):
            record(
                events.TWO_FACTOR_CANCELLED,
                actor=actor,
                subject=name_of(user),
                user=user,
                method=factor.slug,
            )
