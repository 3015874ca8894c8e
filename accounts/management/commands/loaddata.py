"""Refuse Django's `loaddata`."""

from accounts.management.refused import RefusedCommand


class Command(RefusedCommand):
    reason = (
        "loaddata would write accounts and rights past the rules of this site, without a record or a mail. "
        "To restore a backup, see “Restore” in docs/operations.md."
    )
