"""Tell all superusers what administrators did to an account (D14)."""

from enum import StrEnum
from typing import Any

from accounts import outbox
from accounts.audit import Actor
from accounts.models import User


class Change(StrEnum):
    """What was done. `templates/email/account_administered*.txt` have the sentences."""

    DEACTIVATED = "deactivated"
    REACTIVATED = "reactivated"
    RIGHTS_CHANGED = "rights_changed"
    TWO_FACTOR_REMOVED = "two_factor_removed"
    PASSWORD_SET = "password_set"
    SUPERUSER_CREATED = "superuser_created"
    STAFF_LEFT = "staff_left"


def superusers_now() -> list[int]:
    """Return whom to tell: those who are superusers now, even if they are demoted before the mail leaves."""
    return list(User.objects.superusers().values_list("pk", flat=True))


def tell_superusers(user: User, change: Change, *, actor: Actor, reason: str, **details: Any) -> None:
    """Mail all superusers what was done to whom, by whom and why. Call it in the verb's transaction.

    The one who acted gets the mail as well: it may have been somebody else in their name.
    """
    by = {"by": "user", "name": actor.user.username} if actor.user else {"by": "server"}
    outbox.notify_all(
        superusers_now(),
        "account_administered",
        person=user.username,
        person_id=user.pk,
        change=change,
        reason=reason,
        actor=by,
        **details,
    )
