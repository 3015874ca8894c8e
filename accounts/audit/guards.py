"""Prove that the database protects audit events, and protect them again after each `migrate`."""

from collections.abc import Callable, Iterator
from typing import Any

from django.db import IntegrityError, ProgrammingError, connection, connections, transaction

from accounts.audit.actor import Actor
from accounts.audit.events import Event
from accounts.database import append_only
from accounts.models import AuditEvent


def unprotected() -> Iterator[str]:
    """Yield what is wrong: triggers that are missing, and changes that the database does not refuse."""
    for name in append_only.missing(connection):
        yield f"the trigger {name} on {append_only.EVENTS} is missing, disabled or another one"
    for change, attempt in ATTEMPTS.items():
        if not is_refused(attempt):
            yield f"the database lets an audit event be {change}"


def is_refused(attempt: Callable[[int], object]) -> bool:
    """Try something on an event that exists until the rollback; return whether the database refused it."""
    with transaction.atomic():
        canary = AuditEvent(event=Event.AUDIT_TRIGGERS_RESTORED, actor=str(Actor.command()), subject="site")
        canary.save()
        try:
            with transaction.atomic():
                attempt(canary.pk)
        except IntegrityError as error:
            return append_only.REFUSED in str(error)
        except ProgrammingError:  # the role of the site has no right to do it (docs/deployment.md)
            return True
        finally:
            transaction.set_rollback(True)
    return False


ATTEMPTS: dict[str, Callable[[int], object]] = {
    "changed": lambda pk: AuditEvent.objects.filter(pk=pk).update(subject="changed"),
    "deleted": lambda pk: AuditEvent.objects.filter(pk=pk).delete(),
}


def install_after_migrate(using: str, **kwargs: Any) -> None:
    """Put back the triggers of a table that a migration has rebuilt, unless it is gone."""
    tables = connections[using].introspection.table_names()
    if {append_only.EVENTS, append_only.RETENTION} <= set(tables):
        append_only.install(connections[using])
