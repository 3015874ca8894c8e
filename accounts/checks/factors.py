"""Is SECOND_FACTORS a list that people can sign in with?"""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from accounts.factors.base import Factor


@register(Tags.security)
def second_factors(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    loaded: list[Any] = []
    for path in settings.SECOND_FACTORS:
        try:
            loaded.append(import_string(path))
        except ImportError as error:
            return [
                Error(
                    f"SECOND_FACTORS names {path}, which can't be imported: {error}. .env.example has all "
                    "paths; leave one out to do without that factor.",
                    id="accounts.E001",
                )
            ]
        if not (isinstance(loaded[-1], type) and issubclass(loaded[-1], Factor)):
            return [Error(f"SECOND_FACTORS names {path}, which is no factor.", id="accounts.E001")]
    slugs = [factor.slug for factor in loaded]
    if len(slugs) != len(set(slugs)):
        return [Error("Two factors in SECOND_FACTORS have the same slug.", id="accounts.E002")]
    if all(factor.is_backup for factor in loaded):
        return [Error("SECOND_FACTORS has no primary factor.", id="accounts.E003")]
    if not any(factor.is_backup for factor in loaded):
        return [Error("SECOND_FACTORS has no backup factor.", id="accounts.E004")]
    return []


def stop_without_factors() -> None:
    """Raise ImproperlyConfigured if SECOND_FACTORS is wrong. Factors can be loaded once applications are."""
    for problem in second_factors(None):
        raise ImproperlyConfigured(str(problem.msg))
