"""Tell all superusers what administrators did to an account (D14)."""

from enum import StrEnum
from typing import Any

from accounts import outbox
from accounts.audit import Actor
from accounts.models import User

SUPERUSERS = "accounts.superusers"  # the audience of these mails; its function is below


class Change(StrEnum):
    """What was done. `templates/email/account_administered*.txt` have the sentences."""

    DEACTIVATED = "deactivated"
    REACTIVATED = "reactivated"
    RIGHTS_CHANGED = "rights_changed"
    TWO_FACTOR_REMOVED = "two_factor_removed"
    PASSWORD_SET = "password_set"
    SUPERUSER_CREATED = "superuser_created"


def superusers(key: str, after: int, limit: int) -> list[User]:
    """Return the active superusers with a confirmed address, in the order of their ids."""
    rows = User.objects.superusers().filter(pk__gt=after, email_confirmed_at__isnull=False)
    return list(rows.order_by("pk")[:limit])


def tell_superusers(user: User, change: Change, *, actor: Actor, reason: str, **details: Any) -> None:
    """Mail all superusers what was done to whom, by whom and why. Call it in the verb's transaction.

    The one who acted gets the mail as well: it may have been somebody else in their name.
    """
    by = {"by": "user", "name": actor.user.username} if actor.user else {"by": "server"}
    outbox.broadcast(
        "account_administered",
        audience=SUPERUSERS,
        key=str(user.pk),
        person=user.username,
        person_id=user.pk,
        change=change,
        reason=reason,
        actor=by,
        **details,
    )
