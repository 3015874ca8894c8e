"""Check what is encrypted."""

from collections.abc import Iterator

from accounts.crypto.columns import sealed_columns
from accounts.management.doctor import Check, Note
from accounts.management.rows import NAMED, named


def stored_secrets_can_be_opened() -> Iterator[str]:
    """Check that every secret can be opened, so that nobody finds a missing key at a login. Note old keys."""
    for column in sealed_columns.values():
        if rows := named(column.empty()):
            yield f"{column} is empty in {rows}"
        tally = column.tally()
        for reason, keys in tally.reasons.items():
            listed = ", ".join(map(str, keys[:NAMED])) + (", ..." if len(keys) > NAMED else "")
            yield f"{column}: {reason}: {len(keys)} of {tally.total} (rows {listed})"
        if tally.old:
            yield Note(
                f"{column}: {tally.old} of {tally.total} need an old key, which has to stay in "
                "ENCRYPTION_KEYS until rotate_encryption_keys has run"
            )


CHECKS = {
    "encryption keys": Check(stored_secrets_can_be_opened, urgency=1, mend="rotate_encryption_keys --dry-run")
}
