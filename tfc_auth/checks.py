"""Is a variable of the environment a setting that somebody has misspelt?"""

from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register

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
