"""Tell people about tokens that a program has sent without encryption.

The token stays valid. Somebody may have read it on the way, so its owner has to replace it. But ending it
here would stop all programs that use it because one is misconfigured, at a moment that nobody has chosen.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from django.db import transaction

from accounts import limits, outbox
from accounts.audit import Actor, Event, record, subject_of
from accounts.exceptions import RateLimited
from accounts.limits import Budget
from accounts.models import ApiToken, BearerToken
from accounts.plugins import Registry
from accounts.tokens import lookup

IN_CLEAR = Budget("token:clear", (1, 86_400))  # mails about one token


@dataclass(frozen=True)
class Kind:
    """One kind of token. `tell` records the event and enqueues the mail, in the caller's transaction."""

    model: type[BearerToken]
    tell: Callable[[BearerToken, Actor], None]


kinds: Registry[Kind] = Registry()


def sent_in_clear(text: str, *, actor: Actor) -> None:
    """Tell the owner of this token, once a day at most, that it came without encryption.

    A wrong token is looked up and counted as anywhere else, so nobody can use this to try tokens unnoticed.
    The caller learns nothing: the answer must be the same for every token.
    """
    try:
        token = lookup.look_up(text, actor=actor)
        if token is None:
            return
        limits.reserve((IN_CLEAR, f"{token.holder}:{token.public_id}"))
    except RateLimited:
        return
    kind = next(kind for kind in kinds.values() if isinstance(token, kind.model))
    with transaction.atomic():
        kind.tell(token, replace(actor, user=token.user, token=token))


def tell_owner(token: ApiToken, actor: Actor) -> None:
    owner = token.owner
    record(
        Event.TOKEN_SENT_IN_CLEAR,
        actor=actor,
        subject=subject_of(owner),
        user=owner,
        sent=token.public_id,
        description=token.description,
    )
    outbox.notify(
        owner, "token_sent_in_clear", actor=actor, description=token.description, created_at=token.created_at
    )


OF_USERS = Kind(ApiToken, tell_owner)  # type: ignore[arg-type]
