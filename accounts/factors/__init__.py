"""The registry of factors: settings.SECOND_FACTORS lists their dotted paths, in the order of the pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast

from django.conf import settings
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery, Value
from django.utils.module_loading import import_string

from accounts.database.prepared import Prepared

if TYPE_CHECKING:  # Django imports this package for the factors' AppConfigs, before models are loaded
    from accounts.factors.base import BackupFactor, Device, Factor
    from accounts.models import User

LOW_STOCK = 3  # unused backup codes; at this number or fewer, the owner is warned (R28)


@cache
def all_factors() -> "tuple[Factor, ...]":
    return tuple(import_string(path)() for path in settings.SECOND_FACTORS)


def primary() -> "list[Factor]":
    return [factor for factor in all_factors() if not factor.is_backup]


def backup() -> "list[BackupFactor]":
    return [cast("BackupFactor", factor) for factor in all_factors() if factor.is_backup]


def get(slug: str) -> "Factor | None":
    return next((factor for factor in all_factors() if factor.slug == slug), None)


def chosen(offered: "list[Factor]", slug: str | None) -> "Factor | None":
    """Return the offered factor with this slug, else the first one; None if none is offered."""
    return next((factor for factor in offered if factor.slug == slug), offered[0] if offered else None)


@dataclass(frozen=True)
class Methods:
    """The primary factors that a user has enrolled, in the registry's order."""

    working: "list[Factor]"
    # Their devices accept no answers any more, after too many wrong ones.
    set_aside: "list[Factor]"

    @classmethod
    def of(cls, states: Mapping[str, bool | None]) -> Self:
        """Restore methods from the value of `states`. What is not False or True there is not enrolled."""
        return cls(
            working=[factor for factor in primary() if states.get(factor.slug) is False],
            set_aside=[factor for factor in primary() if states.get(factor.slug) is True],
        )

    @property
    def states(self) -> dict[str, bool]:
        """Return, for each enrolled factor, whether its device was set aside; can be stored as JSON."""
        return {factor.slug: False for factor in self.working} | {
            factor.slug: True for factor in self.set_aside
        }


def methods_of(user: "User") -> Methods:
    """Return the primary factors of which the user has a confirmed device. Takes one statement."""
    asked = [
        factor.device_model._default_manager.filter(user=user, confirmed=True)
        .order_by()
        .values_list(Value(factor.slug), "set_aside_at")
        for factor in primary()
    ]
    found = asked[0].union(*asked[1:], all=True)
    return Methods.of({slug: set_aside_at is not None for slug, set_aside_at in found})


def method_columns() -> dict[str, Subquery]:
    """Return columns for a read of users that is to have their methods: `methods_read_with` finds them."""
    return {column_of(factor): Subquery(set_aside_of(factor)) for factor in primary()}


def column_of(factor: "Factor") -> str:
    return f"set_aside_{factor.slug.replace('-', '_')}"


def has_device(factor: "Factor") -> Exists:
    """Return the condition that the user in the row outside has a confirmed device.

    With `pk__in` instead, PostgreSQL may compare each user with all devices, once they are very many.
    """
    return Exists(factor.device_model._default_manager.filter(user=OuterRef("pk"), confirmed=True))


def set_aside_of(factor: "Factor") -> "QuerySet[Device, Any]":
    """Return whether the device of the user in the row outside was set aside; no row without a device."""
    devices = factor.device_model._default_manager.filter(user=OuterRef("pk"), confirmed=True)
    is_set_aside = ExpressionWrapper(Q(set_aside_at__isnull=False), BooleanField())
    found: QuerySet[Device, Any] = devices.order_by().values(read=is_set_aside)[:1]
    return found


def methods_read_with(user: "User") -> Methods:
    """Return the methods of a user that was read with `method_columns`."""
    return Methods.of({factor.slug: getattr(user, column_of(factor)) for factor in primary()})


def of_user(user: "User") -> "list[Factor]":
    """Return the primary factors of which the user has a confirmed device, set aside or not."""
    enrolled = methods_of(user).states
    return [factor for factor in primary() if factor.slug in enrolled]


class Shown(NamedTuple):
    """What pages show of a confirmed device."""

    slug: str  # of its factor
    confirmed_at: datetime | None
    last_used_at: datetime | None
    set_aside_at: datetime | None


def shown_of(user: int) -> "QuerySet[Device, Any]":
    """Return what pages show of the confirmed devices of a user (an id)."""
    read = [
        factor.device_model._default_manager.filter(user=user, confirmed=True)
        .order_by()
        .values_list(Value(factor.slug), "confirmed_at", "last_used_at", "set_aside_at")
        for factor in all_factors()
    ]
    found: QuerySet[Device, Any] = read[0].union(*read[1:], all=True)
    return found


SHOWN: Prepared[Any] = Prepared(shown_of)


def devices_of(user: "User") -> "dict[Factor, Shown]":
    """Return what is shown of the user's confirmed devices, by factor in the registry's order.

    Takes one statement.
    """
    found = {slug: Shown(slug, *times) for slug, *times in SHOWN.all(user=user.pk)}
    return {factor: found[factor.slug] for factor in all_factors() if factor.slug in found}


def remaining(user: "User") -> int:
    """Return the number of the user's unused backup codes."""
    return sum(factor.remaining(user) for factor in backup())
