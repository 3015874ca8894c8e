"""Mails and texts on their way: encrypted rows, written in the verb's transaction, sent after the answer.

What happened and the news of it are committed together. A mail server that hangs delays nobody, and the time
an answer takes tells nothing about whether there was a mail. What fails is tried again by `run_due_work`.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.core.signals import request_finished
from django.db import Error, connection, transaction
from django.db.models import Case, F, Q, QuerySet, When
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django_tasks import task

from accounts import crypto, senders
from accounts.carriers import carriers, is_refusal, urgent_kinds
from accounts.crypto.columns import SealedColumn
from accounts.mails import Mail, render
from accounts.models import OutboxMessage, User

logger = logging.getLogger(__name__)

LIFETIME = timedelta(days=3)
CLAIM = timedelta(minutes=2)  # longer than one attempt can take
LONGEST_WAIT = timedelta(hours=1)
BATCH = 100
FAILURES_IN_A_ROW = 5  # then the mail server is away, and the other mails can wait
URGENT = 50  # priority in the worker's queue; that of mails is 0
ATTEMPTS_AT_REFUSED = 3  # at a message that the server is there for and refuses

SEALING_CONTEXT = "outbox"
SEALED = SealedColumn(OutboxMessage, "sealed", context=lambda message: SEALING_CONTEXT)

Audience = Callable[[str, int, int], list[User]]
audiences: dict[str, Audience] = {}

# Rows that the present request wrote; None outside of requests.
waiting: ContextVar[list[int] | None] = ContextVar("waiting", default=None)


class OutboxMiddleware:
    """Collect what a request enqueues; `request_finished` sends it when the client has its answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        waiting.set([])
        return self.get_response(request)


def audience(name: str) -> Callable[[Audience], Audience]:
    """Register who reads the broadcasts of this name: (key, after user id, limit) -> users in id order."""

    def register(function: Audience) -> Audience:
        audiences[name] = function
        return function

    return register


# --- Writing ---


def enqueue(mail: Mail, lifetime: timedelta = LIFETIME) -> None:
    """Write one mail, inside the verb's transaction."""
    enqueue_message("mail", asdict(mail), lifetime)


def enqueue_message(kind: str, content: dict[str, Any], lifetime: timedelta) -> None:
    """Write one message of a kind that has a carrier, inside the verb's transaction."""
    announce(
        OutboxMessage.objects.create(kind=kind, sealed=sealed(content), expires_at=timezone.now() + lifetime)
    )


def enqueue_broadcast(name: str, context: dict[str, Any], *, audience: str, key: str) -> None:
    """Write one row for a mail to many; it is expanded in batches."""
    announce(
        OutboxMessage.objects.create(
            audience=audience,
            key=key,
            sealed=sealed({"name": name, "context": context}),
            expires_at=timezone.now() + LIFETIME,
        )
    )


def sealed(content: dict[str, Any]) -> str:
    return crypto.seal(json.dumps(content), SEALING_CONTEXT)


def announce(message: OutboxMessage) -> None:
    """See that somebody sends it: the task worker if there is one, else this process, after the answer."""
    collected = waiting.get()
    if settings.TASK_WORKER:
        # A row of the same transaction; it carries the id and nothing else.
        urgent = message.kind in urgent_kinds()
        deliver_later.using(priority=URGENT if urgent else 0).enqueue(message.pk)
    elif collected is None:
        transaction.on_commit(partial(deliver, message.pk), robust=True)
    else:
        # Not on commit: a row that was rolled back can't be claimed, and that is all it takes.
        collected.append(message.pk)


@contextmanager
def left_for_later() -> Iterator[None]:
    """Let what is written in here wait for `send_due`, which gives up soon when the mail server is away."""
    before = waiting.set([])
    try:
        yield
    finally:
        waiting.reset(before)


# --- Sending ---


@task()
def deliver_later(pk: int) -> None:
    """Send one row in the worker. What fails there is swept up by `run_due_work`."""
    deliver(pk)


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
        senders.submit(deliver_all, collected)


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


def due() -> QuerySet[OutboxMessage]:
    now = timezone.now()
    return OutboxMessage.objects.filter(
        Q(claimed_until=None) | Q(claimed_until__lt=now),
        sent_at=None,
        due_at__lte=now,
        expires_at__gt=now,
    )


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
    by.carry(content)
    if not by.at_most_once:
        finish(OutboxMessage.objects.filter(pk=message.pk))


def claimed(message: OutboxMessage) -> QuerySet[OutboxMessage]:
    """Return the row of this message, or none if the claim has passed to somebody else."""
    return OutboxMessage.objects.filter(pk=message.pk, claimed_until=message.claimed_until)


def opened(message: OutboxMessage) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(crypto.open_sealed(message.sealed, SEALING_CONTEXT))
    return content


def finish(rows: QuerySet[OutboxMessage]) -> bool:
    return bool(
        rows.update(
            sent_at=timezone.now(),
            sealed="",
            claimed_until=None,
            attempts=F("attempts") + 1,
            last_error="",
        )
    )


def postpone(message: OutboxMessage, error: Exception) -> None:
    """Try again later, or give up. Names the error by its class: its text may hold the address."""
    if is_refusal(error) and message.attempts + 1 >= ATTEMPTS_AT_REFUSED:
        give_up(message, error)
        return
    wait = min(timedelta(minutes=2 ** min(message.attempts, 10)), LONGEST_WAIT)
    kind = type(error).__name__
    logger.warning("Message %s was not sent: %s", message.pk, kind)
    claimed(message).update(
        attempts=F("attempts") + 1,
        due_at=timezone.now() + wait,
        claimed_until=None,
        last_error=kind[:100],
    )


def give_up(message: OutboxMessage, error: Exception) -> None:
    kind = type(error).__name__
    logger.warning("Message %s is given up: %s", message.pk, kind)
    claimed(message).update(
        attempts=F("attempts") + 1,
        expires_at=timezone.now(),
        sealed="",
        claimed_until=None,
        last_error=kind[:100],
    )


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
        if not move_on(message, people):
            return
        OutboxMessage.objects.bulk_create(rows)
        if settings.TASK_WORKER or waiting.get() is not None:
            for row in [*rows, message]:
                announce(row)


def move_on(message: OutboxMessage, people: list[User]) -> bool:
    """Move the cursor behind these people. False if another process has done so."""
    now = timezone.now()  # later than the mails' own: they go first, then comes the next batch
    changes = (
        {"cursor": people[-1].pk, "due_at": now} if len(people) == BATCH else {"sent_at": now, "sealed": ""}
    )
    unmoved = OutboxMessage.objects.filter(pk=message.pk, cursor=message.cursor, sent_at=None)
    return bool(unmoved.update(claimed_until=None, **changes))
