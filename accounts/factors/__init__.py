"""The registry: dotted paths in settings.SECOND_FACTORS, in the order in which pages offer the factors."""

from functools import cache
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.db.models import Value
from django.utils.module_loading import import_string

if TYPE_CHECKING:  # Django imports this package for the factors' AppConfigs, before there are models
    from accounts.factors.base import BackupFactor, Device, Factor
    from accounts.models import User


@cache
def all_factors() -> "tuple[Factor, ...]":
    return tuple(import_string(path)() for path in settings.SECOND_FACTORS)


def primary() -> "list[Factor]":
    return [factor for factor in all_factors() if not factor.is_backup]


def backup() -> "list[BackupFactor]":
    return [cast("BackupFactor", factor) for factor in all_factors() if factor.is_backup]


def get(slug: str) -> "Factor | None":
    return next((factor for factor in all_factors() if factor.slug == slug), None)


def of_user(user: "User") -> "list[Factor]":
    """Return the primary factors of which the user has a confirmed device; one statement."""
    asked = [
        factor.device_model._default_manager.filter(user=user, confirmed=True)
        .order_by()
        .values_list(Value(factor.slug), flat=True)
        for factor in primary()
    ]
    slugs = set(asked[0].union(*asked[1:], all=True))
    return [factor for factor in primary() if factor.slug in slugs]


def devices_of(user: "User") -> "dict[Factor, Device]":
    """Return the user's confirmed devices by factor, in the registry's order."""
    found = {factor: factor.device_of(user) for factor in all_factors()}
    return {factor: device for factor, device in found.items() if device is not None}
