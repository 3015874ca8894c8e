"""Keep used codes of django-allauth for a moment only, so that nobody has to wait 30 seconds for a new one.

The other sites have them in a table, where they are forgotten by SQL. Nothing else differs from Django's
default cache, which allauth uses where none is set.
"""

from typing import Any

from django.core.cache.backends.locmem import LocMemCache

SECONDS = 0.2
USED_CODES = "allauth.mfa.totp.used"


class ForgetfulCache(LocMemCache):
    def add(self, key: str, value: Any, timeout: Any = None, version: int | None = None) -> bool:
        kept = SECONDS if key.startswith(USED_CODES) else timeout
        return bool(super().add(key, value, kept, version))
