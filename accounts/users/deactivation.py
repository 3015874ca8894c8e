"""What others lose when an account is deactivated: told to the administrator before, to superusers after."""

from collections.abc import Callable

from accounts.models import User
from accounts.plugins import Registry

# Each returns a sentence about what would be left without anybody who can act, or "".
warnings: Registry[Callable[[User], str]] = Registry()


def warnings_about(user: User) -> list[str]:
    """Return what an administrator should know before deactivating this account."""
    return [text for warn in warnings.values() if (text := warn(user))]
