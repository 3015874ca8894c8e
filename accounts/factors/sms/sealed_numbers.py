"""How phone numbers are stored: sealed, with a keyed digest as the key of their budgets."""

from accounts.crypto import digest, open_sealed
from accounts.crypto.columns import SealedColumn
from accounts.factors.sms.models import SMSDevice

DIGEST_PURPOSE = "phone"


def sealing_context(user_id: int) -> str:
    return f"phone:{user_id}"


def number_of(device: SMSDevice) -> str:
    """Return the number. Raises DecryptionFailed, with an alarm in the log."""
    return open_sealed(device.sealed_number, sealing_context(device.user_id))


def number_digest(number: str) -> str:
    return digest(number, DIGEST_PURPOSE)


SEALED = SealedColumn(
    SMSDevice,
    "sealed_number",
    context=lambda device: sealing_context(device.user_id),
    digest_field="number_digest",
    digest_purpose=lambda device: DIGEST_PURPOSE,
)
