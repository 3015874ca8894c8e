"""Is a variable of the environment a misspelt setting? Is one empty that strangers need?"""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Info, Tags, Warning, register

from tfc_auth.settings import env


@register(Tags.security, deploy=True)
def misspelt_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Find variables that nothing reads and whose names are nearly those of settings."""
    return [
        Warning(
            f"The variable {name} is set, but no setting has that name: did you mean {meant}?",
            id="tfc_auth.W001",
        )
        for name, meant in env.misspelt().items()
    ]


@register(Tags.security, deploy=True)
def security_contact(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Hint at a missing contact. A site that few can reach needs none, so it fails no deployment."""
    if settings.SECURITY_CONTACT:
        return []
    return [
        Info(
            "SECURITY_CONTACT is empty: who finds a vulnerability learns from /.well-known/security.txt that "
            "nobody is named. Write an address, such as security@example.com.",
            id="tfc_auth.I001",
        )
    ]
