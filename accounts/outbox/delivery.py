"""Mails and texts on their way: encrypted rows, written in the verb's transaction, sent after the answer.

What happened and the news of it are committed together. A mail server that hangs delays nobody, and the time
an answer takes tells nothing about whether there was a mail. What fails is tried again by `run_due_work`.
"""

import logging
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Any

from django.core.signals import request_finished
from django.db import Error, connection, transaction
from django.db.models import Case, When
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import OutboxMessage, User
from accounts.outbox import threads
from accounts.outbox.carriers import carriers, is_refusal, urgent_kinds
from accounts.outbox.mails import render
from accounts.outbox.queue import claimed, due, finish, opened, postpone, sealed
from accounts.plugins import Registry

logger = logging.getLogger(__name__)
CLAIM = timedelta(minutes=2)  # longer than one attempt can take
BATCH = 100
FAILURES_IN_A_ROW = 5  # then the mail server is away, and the other mails can wait

# Who reads the broadcasts of a name: (key, after user id, limit) -> users in id order.
Audience = Callable[[str, int, int], list[User]]
audiences: Registry[Audience] = Registry()

# Rows that the present request wrote; None outside of requests.
waiting: ContextVar[list[int] | None] = ContextVar("waiting", default=None)


class OutboxMiddleware:
    """Collect what a request enqueues; `request_finished` sends it when the client has its answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        waiting.set([])
        return self.get_response(request)


def schedule(message: OutboxMessage) -> None:
    """See that this process sends it: after the answer, or outside of requests after the commit."""
    collected = waiting.get()
    if collected is None:
        transaction.on_commit(partial(deliver, message.pk), robust=True)
    else:
        # Not on commit: a row that was rolled back can't be claimed, and that is all it takes.
        collected.append(message.pk)


# --- Sending ---


@receiver(request_finished)
def deliver_collected(**kwargs: Any) -> None:
    """Hand what this request has left to other threads: this one is free for the next request."""
    collected = waiting.get()
    waiting.set(None)
    if not collected:
        return
    if connection.in_atomic_block:  # rows that no other connection can see yet
        deliver_all(collected)
    else:
        threads.submit(deliver_all, collected)


def deliver_all(rows: list[int]) -> None:
    waiting.set(rows)
    try:
        # The list grows while we walk: a broadcast appends the mails that it becomes.
        for pk in rows:
            if not deliver(pk):
                break
    except Error as error:
        logger.warning("Mails stay in the outbox: %s", type(error).__name__)
    finally:
        waiting.set(None)


def send_due() -> int:
    """Send everything that is due and return how many rows that were. Safe to run twice at once."""
    done, failures, away = 0, Counter[str](), set[str]()
    first = Case(When(kind__in=urgent_kinds(), then=0), default=1)
    while (
        rows := due().exclude(kind__in=away).order_by(first, "due_at", "pk").values_list("pk", "kind")[:BATCH]
    ):
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
    """Send or expand one row, unless somebody else does. Returns False if the server may be away."""
    until = timezone.now() + CLAIM
    if not due().filter(pk=pk).update(claimed_until=until):
        return True
    message = OutboxMessage.objects.filter(pk=pk, claimed_until=until).first()
    if message is None:  # we took so long that somebody else has claimed it
        return True
    try:
        if message.audience:
            expand(message)
        else:
            send(message)
    except Exception as error:  # whatever goes wrong with one mail must not keep the others
        postpone(message, error)
        return is_refusal(error)
    return True


def send(message: OutboxMessage) -> None:
    content, by = opened(message), carriers[message.kind]
    if by.at_most_once and not finish(claimed(message)):
        return  # we took so long that somebody else has sent it
    by.send(content)
    if not by.at_most_once:
        finish(OutboxMessage.objects.filter(pk=message.pk))


def expand(message: OutboxMessage) -> None:
    """Write the mails of the next batch of readers and move the cursor, both or neither."""
    content = opened(message)
    people = audiences[message.audience](message.key, message.cursor, BATCH)
    mails = [
        render(
            content["name"],
            user.email,
            content["context"] | {"user": user, "when": message.created_at},
        )
        for user in people
    ]
    rows = [OutboxMessage(sealed=sealed(asdict(mail)), expires_at=message.expires_at) for mail in mails]
    with transaction.atomic():
        if not advance_cursor(message, people):
            return
        OutboxMessage.objects.bulk_create(rows)
        if waiting.get() is not None:
            for row in [*rows, message]:
                schedule(row)


def advance_cursor(message: OutboxMessage, people: list[User]) -> bool:
    """Move the cursor behind these people. False if another process has done so."""
    now = timezone.now()  # later than the mails' own: they go first, then comes the next batch
    changes = (
        {"cursor": people[-1].pk, "due_at": now} if len(people) == BATCH else {"sent_at": now, "sealed": ""}
    )
    unmoved = OutboxMessage.objects.filter(pk=message.pk, cursor=message.cursor, sent_at=None)
    return bool(unmoved.update(claimed_until=None, **changes))
