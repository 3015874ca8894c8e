"""Are keys secret, and are the settings of development gone?"""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

KNOWN = ("insecure-", "django-insecure-")  # beginnings of the keys of development


@register(Tags.security, deploy=True)
def keys(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    if any(key.startswith(KNOWN) or len(key) < 32 for key in settings.ENCRYPTION_KEYS):
        problems.append(
            Error("ENCRYPTION_KEYS must be secret keys of at least 32 characters.", id="accounts.E010")
        )
    if {settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS} & set(settings.ENCRYPTION_KEYS):
        problems.append(
            Error("ENCRYPTION_KEYS must differ from SECRET_KEY and SECRET_KEY_FALLBACKS.", id="accounts.E011")
        )
    if settings.SECRET_KEY in settings.SECRET_KEY_FALLBACKS:
        problems.append(
            Warning(
                "SECRET_KEY is in SECRET_KEY_FALLBACKS, too, which is for former values: put a new value "
                "into SECRET_KEY, or take it out of SECRET_KEY_FALLBACKS.",
                id="accounts.W017",
            )
        )
    return problems


@register(Tags.security, deploy=True)
def settings_of_development(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    if settings.PASSWORD_HASHER != "argon2":
        problems.append(Error("PASSWORD_HASHER=cheap is for tests only.", id="accounts.E012"))
    if settings.PLAIN_STATIC_FILES and not settings.DEBUG:
        problems.append(
            Warning(
                "PLAIN_STATIC_FILES=1 is for tests: browsers would keep old scripts and styles after an "
                "upgrade. Remove that setting, and run `manage.py collectstatic`.",
                id="accounts.W016",
            )
        )
    return problems
