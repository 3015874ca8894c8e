"""What others lose when an account is deactivated: told to the administrator before, to superusers after."""

from collections.abc import Callable
from typing import NamedTuple

from accounts.models import User
from accounts.plugins import Registry


class LeftWithout(NamedTuple):
    """What is left without anybody who can act when an account is deactivated, in sentences."""

    before: str  # with what can be done about it first
    after: str  # with what can still be done about it


# Each returns None where nothing is left so.
warnings: Registry[Callable[[User], LeftWithout | None]] = Registry()


def warnings_about(user: User) -> list[str]:
    """Return what an administrator should know before deactivating this account."""
    return [warning.before for warn in warnings.values() if (warning := warn(user))]


def consequences_of(user: User) -> list[str]:
    """Return the same for those who read it afterwards. To be asked before."""
    return [warning.after for warn in warnings.values() if (warning := warn(user))]
