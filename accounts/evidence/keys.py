"""The keys that sign evidence: derived from ENCRYPTION_KEYS, with the public halves kept for good."""

from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accounts.crypto import signing_key
from accounts.evidence.statements import key_id, public_bytes
from accounts.models import EvidenceKey


@dataclass(frozen=True)
class ServedKey:
    """A public key that people verify evidence with. It has no time if it has not signed anything yet."""

    id: str
    public_key: str
    first_used_at: datetime | None
    is_current: bool


def use_current() -> Ed25519PrivateKey:
    """Return the key that signs now, and keep its public half. Call it in a transaction."""
    key = signing_key()
    public = public_bytes(key)
    EvidenceKey.objects.get_or_create(key_id=key_id(public), defaults={"public_key": public.hex()})
    return key


def served_keys() -> list[ServedKey]:
    """Return every key that has signed, and the one that signs now, which comes first. Writes nothing."""
    public = public_bytes(signing_key())
    current, rows = (
        key_id(public),
        {row.key_id: row for row in EvidenceKey.objects.order_by("-first_used_at")},
    )
    mine = rows.pop(current, None)
    served = [ServedKey(current, public.hex(), mine.first_used_at if mine else None, is_current=True)]
    return served + [ServedKey(row.key_id, row.public_key, row.first_used_at, False) for row in rows.values()]
