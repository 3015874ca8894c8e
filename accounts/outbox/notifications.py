"""Notify users by mail. Call these in the verb's transaction: no mail without the change that it reports."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.audit import Actor
from accounts.models import OutboxMessage, User
from accounts.outbox import windows
from accounts.outbox.delivery import BATCH, LISTED, schedule, waiting
from accounts.outbox.mails import Mail, circumstances, render, time_of
from accounts.outbox.queue import sealed

LIFETIME = timedelta(days=3)


def notify(user: User, name: str, /, *, apart: str = "", source: str = "", **context: Any) -> None:
    """Send a mail to a user with a confirmed address. An unconfirmed one may belong to somebody else.

    If the user had some of this kind within the hour, this one waits and is counted (windows.py). Mails with
    the same name, but another `apart`, are of another kind. The first from a `source` does not wait.
    """
    if not user.email_confirmed:
        return
    # What happens in one organization is never counted with what happens in another.
    about = [f"user:{user.pk}", context.get("organization_name", ""), apart]
    turn = windows.turn_of(":".join(part for part in about if part), name, source=source)
    context = simplified({**context, "user": user, "held": turn.held})
    mail = render(name, user.email, {**context, "earlier": turn.earlier})
    if turn.window is None:
        enqueue(mail)
    else:
        windows.store(turn, asdict(mail), time_of(name, context))


def notify_address(address: str, name: str, /, *, lifetime: timedelta = LIFETIME, **context: Any) -> None:
    """Send a mail to an address. A mail to "" reaches nobody, but is rendered and stored like any other."""
    enqueue(render(name, address, simplified(context)), lifetime)


def broadcast(name: str, *, audience: str, key: str, counted_by: str = "", **context: Any) -> None:
    """Send a mail to all users whom the audience (delivery.audiences) finds for this key.

    If they had some of this kind within the hour, this one waits and is counted (windows.py). `counted_by`
    is what stands for the readers where the key says more than who they are; by default the key.
    """
    turn = windows.turn_of(f"{audience}:{counted_by or key}", name)
    context = simplified({**context, "held": turn.held, "earlier": turn.earlier})
    if turn.window is None:
        enqueue_broadcast(name, context, audience=audience, key=key)
    else:
        content = {"name": name, "context": context}
        windows.store(turn, content, time_of(name, context), audience=audience, key=key)


def notify_all(user_ids: Iterable[int], name: str, /, **context: Any) -> None:
    """Send a mail to these users, those with a confirmed address. Leave out whose account is not active.

    A row for a hundred users. Unlike an audience, these are the readers even if they lose their role, or are
    deactivated, before the mail leaves.
    """
    for ids in batched(sorted(set(user_ids)), BATCH):
        enqueue_broadcast(name, simplified(dict(context)), audience=LISTED, readers=ids)


def batched(ids: list[int], size: int) -> Iterator[list[int]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def simplified(context: dict[str, Any]) -> dict[str, Any]:
    """Replace the actor by what the reader of the mail may know about them."""
    actor = context.get("actor")
    if isinstance(actor, Actor):
        context["actor"] = circumstances(actor, context.get("user"))
    return context


def enqueue(mail: Mail, lifetime: timedelta = LIFETIME) -> None:
    """Enqueue one mail, in the verb's transaction."""
    enqueue_message("mail", asdict(mail), lifetime)


def enqueue_message(kind: str, content: dict[str, Any], lifetime: timedelta) -> None:
    """Enqueue one message of a kind that has a carrier, in the verb's transaction."""
    schedule(
        OutboxMessage.objects.create(kind=kind, sealed=sealed(content), expires_at=timezone.now() + lifetime)
    )


def enqueue_broadcast(
    name: str, context: dict[str, Any], *, audience: str, key: str = "", readers: Sequence[int] = ()
) -> None:
    """Enqueue one row for a mail to many users; delivery expands it in batches."""
    schedule(
        OutboxMessage.objects.create(
            audience=audience,
            key=key,
            sealed=sealed({"name": name, "context": context, "readers": list(readers)}),
            expires_at=timezone.now() + LIFETIME,
        )
    )


@contextmanager
def left_for_later() -> Iterator[None]:
    """Leave messages enqueued in this block to `send_due`, which stops early if the mail server is down."""
    before = waiting.set([])
    try:
        yield
    finally:
        waiting.reset(before)
