"""Check that mails and texts leave."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.management.doctor import Check, Note
from accounts.management.rows import named
from accounts.models import MailWindow, OutboxMessage
from accounts.outbox.carriers import carriers

OVERDUE = timedelta(minutes=30)
MANY_ATTEMPTS = 3  # two quick retries are everyday


def waiting() -> QuerySet[OutboxMessage]:
    return OutboxMessage.objects.filter(sent_at=None, expires_at__gt=timezone.now())


def messages_leave() -> Iterator[str]:
    """Check that no unsent, unexpired message is older than OVERDUE. Note those that were given up."""
    for kind in waiting().order_by("kind").values_list("kind", flat=True).distinct():
        late = waiting().filter(kind=kind, created_at__lt=timezone.now() - OVERDUE)
        oldest = late.order_by("created_at").first()
        if oldest is not None:
            yield (
                f"{late.count()} {kind}s have not left, the oldest since "
                f"{oldest.created_at:%Y-%m-%d %H:%M} UTC ({oldest.last_error or 'never tried'}); "
                "is the server up that takes them, and does run_due_work run?"
            )
    held = MailWindow.objects.filter(held__gt=0, closes_at__lt=timezone.now() - OVERDUE)
    if rows := named(held):
        yield f"mails that were held back have not left: {rows}; does run_due_work run?"
    given_up = OutboxMessage.objects.filter(sent_at=None, expires_at__lte=timezone.now(), sealed="")
    for error in given_up.order_by("last_error").values_list("last_error", flat=True).distinct():
        yield Note(
            f"given up in the last days: {named(given_up.filter(last_error=error))}, {error or 'never tried'}"
        )


def messages_are_whole() -> Iterator[str]:
    """Check that no waiting message is broken."""
    if rows := named(waiting().filter(sealed="")):
        yield f"nothing is left to be sent in {rows}"
    if rows := named(waiting().exclude(kind__in=carriers)):
        yield f"no carrier sends messages of their kind: {rows}"
    for message in waiting().filter(attempts__gte=MANY_ATTEMPTS).order_by("pk").iterator():
        yield f"{message} ({message.kind}) fails: {message.last_error}, after {message.attempts} attempts"
    if rows := named(OutboxMessage.objects.filter(sent_at__isnull=False).exclude(sealed="")):
        yield f"what was sent is still stored: {rows}"
    if rows := named(waiting().filter(expires_at__lt=F("created_at"))):
        yield f"they expire before they were written: {rows}"


CHECKS = {
    "mails": Check(messages_leave, urgency=3, mend="doctor --providers"),
    "outbox": Check(messages_are_whole, urgency=3, mend="run_due_work"),
}
