"""Send mails and texts: encrypted rows, written in the verb's transaction and sent after the response.

A change and its notification are committed together. A mail server that hangs delays no response, and the
time of a response doesn't reveal whether a mail was sent. `run_due_work` retries what fails.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict
from typing import Any

from django.core.signals import request_finished
from django.db import Error, connection, transaction
from django.dispatch import receiver
from django.utils import timezone

from accounts.models import OutboxMessage, User
from accounts.outbox import counts, threads
from accounts.outbox.carriers import Broken, carriers, is_refusal, urgent_kinds
from accounts.outbox.mails import Mail, render
from accounts.outbox.queue import CLAIM, claimed, due, finish, opened, postpone, sealed
from accounts.outbox.walk import Row, Walk
from accounts.plugins import Registry

logger = logging.getLogger(__name__)
BATCH = 100
FAILURES_IN_A_ROW = 5  # then the server counts as down, and its other messages wait

# The readers of a broadcast: (key, after user id, limit) -> users in id order.
Audience = Callable[[str, int, int], list[User]]
audiences: Registry[Audience] = Registry()
LISTED = "listed"  # the audience of a row that lists its readers itself, BATCH at most

# The rows that the current request wrote; None outside of requests.
waiting: ContextVar[list[Row] | None] = ContextVar("waiting", default=None)


def schedule(message: OutboxMessage) -> None:
    """Have this process send a message: after the response, or outside of requests after the commit."""
    collected = waiting.get()
    if collected is None:
        # No partial: where it fails, Django looks for its name.
        transaction.on_commit(lambda: deliver(message.pk), robust=True)
    else:
        # No on_commit needed: a row that was rolled back can't be claimed.
        collected.append((message.pk, message.kind))


@receiver(request_finished)
def deliver_collected(**kwargs: Any) -> None:
    """Hand the messages of this request to other threads, so that this one can serve the next request."""
    collected = waiting.get()
    waiting.set(None)
    if not collected:
        return
    if connection.in_atomic_block:  # other connections can't see these rows yet
        deliver_all(collected)
        return
    at_once = urgent_kinds()
    for urgent in (True, False):
        if rows := [(pk, kind) for pk, kind in collected if (kind in at_once) == urgent]:
            threads.submit(deliver_all, rows, urgent=urgent)


def deliver_all(rows: list[Row]) -> None:
    waiting.set(rows)
    try:
        # The list grows during the loop: a broadcast appends its mails.
        for pk, _kind in rows:
            if not deliver(pk):
                break
    except Error as error:
        logger.warning("Mails stay in the outbox: %s", type(error).__name__)
    finally:
        waiting.set(None)


def send_due() -> int:
    """Send everything that is due; return how many rows were handled. Safe to run concurrently."""
    done, failures, away, walk = 0, Counter[str](), set[str](), Walk()
    while rows := walk.step(BATCH, without=away):
        for pk, kind in rows:
            if kind in away:
                continue
            delivered = deliver(pk)
            done += delivered
            failures[kind] = 0 if delivered else failures[kind] + 1
            if failures[kind] == FAILURES_IN_A_ROW:
                away.add(kind)
    return done


def deliver(pk: int) -> bool:
    """Send or expand one row, unless another process does. Return False if the server may be down."""
    until = timezone.now() + CLAIM
    if not due().filter(pk=pk).update(claimed_until=until):
        return True
    message = OutboxMessage.objects.filter(pk=pk, claimed_until=until).first()
    if message is None:  # the claim has expired, and another process has taken it
        return True
    try:
        if message.audience:
            expand(message)
        else:
            send(message)
    except Exception as error:  # one failing message must not stop the others
        postpone(message, error)
        return isinstance(error, Broken) or is_refusal(error)
    return True


@contextmanager
def preparing() -> Iterator[None]:
    """Raise Broken for any error of the block but one of the database: the message is at fault."""
    try:
        yield
    except Error:
        raise
    except Exception as error:
        raise Broken from error


def send(message: OutboxMessage) -> None:
    with preparing():
        content, by = opened(message), carriers[message.kind]
    if by.at_most_once and not finish(claimed(message)):
        return  # the claim has expired, and another process has taken it
    by.send(content)
    if not by.at_most_once:
        counts.count(message, counts.SENT)  # whatever becomes of the row: the server has taken the mail
        finish(OutboxMessage.objects.filter(pk=message.pk))


def expand(message: OutboxMessage) -> None:
    """Write the mails for the next batch of readers and move the cursor, in one transaction."""
    with preparing():
        content = opened(message)
        people = readers_of(message, content)
        mails = rendered(message, content, people)
    rows = [OutboxMessage(sealed=sealed(asdict(mail)), expires_at=message.expires_at) for mail in mails]
    with transaction.atomic():
        if not advance_cursor(message, people):
            return
        OutboxMessage.objects.bulk_create(rows)
        if waiting.get() is not None:
            for row in [*rows, message]:
                schedule(row)


def rendered(message: OutboxMessage, content: dict[str, Any], people: list[User]) -> list[Mail]:
    """Return the mails to these users, without those that can't be rendered: the others get theirs.

    Raises what went wrong if none can be rendered: then the fault is with the message.
    """
    mails: list[Mail] = []
    errors: dict[int, Exception] = {}
    for user in people:
        try:
            context = content["context"] | {"user": user, "when": message.created_at}
            mails.append(render(content["name"], user.email, context))
        except Exception as error:
            errors[user.pk] = error
    if errors and not mails:
        raise next(iter(errors.values()))
    for pk, raised in errors.items():
        kind = type(raised).__name__
        logger.error("Message %s can't be written to user %s, who does not get it: %s", message.pk, pk, kind)
    return mails


def readers_of(message: OutboxMessage, content: dict[str, Any]) -> list[User]:
    """Return the next readers of a mail to many."""
    if message.audience != LISTED:
        return audiences[message.audience](message.key, message.cursor, BATCH)
    # Also those who were deactivated since: what happened before may be why.
    people = User.objects.filter(pk__in=content["readers"], pk__gt=message.cursor)
    return list(people.filter(email_confirmed_at__isnull=False).order_by("pk"))


def advance_cursor(message: OutboxMessage, people: list[User]) -> bool:
    """Move the cursor past these users; return False if another process has moved it."""
    now = timezone.now()  # later than the mails, so they are sent before the next batch is expanded
    changes = (
        {"cursor": people[-1].pk, "due_at": now} if len(people) == BATCH else {"sent_at": now, "sealed": ""}
    )
    unmoved = OutboxMessage.objects.filter(pk=message.pk, cursor=message.cursor, sent_at=None)
    return bool(unmoved.update(claimed_until=None, **changes))
