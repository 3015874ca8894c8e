"""Encrypt and digest secrets at rest."""

from accounts.crypto.sealing import digest, digests, is_current, open_sealed, seal, signing_key, unseal

__all__ = [
    "digest",
    "digests",
    "is_current",
    "open_sealed",
    "seal",
    "signing_key",
    "unseal",
]
