"""Can anybody let outsiders create accounts, where an invitation is needed?"""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security)
def sign_up(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.SIGN_UP != "invited" or settings.CREATE_ORGANIZATIONS != "everybody":
        return []
    return [
        Warning(
            "SIGN_UP=invited with CREATE_ORGANIZATIONS=everybody lets everybody with an account create an "
            "organization and invite outsiders, who can then create accounts: set "
            "CREATE_ORGANIZATIONS=staff, or SIGN_UP=closed if only site admins should invite.",
            id="accounts.W020",
        )
    ]
