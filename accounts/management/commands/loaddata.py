"""Refuse Django's `loaddata`."""

from accounts.management.refused import RefusedCommand


class Command(RefusedCommand):
    reason = (
        "loaddata would write accounts and rights without any check, record or email. "
        "To restore a backup, see “Restore” in docs/operations.md."
    )
