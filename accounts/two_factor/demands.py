"""Why somebody is led to set up two-factor authentication: what asks for it, in a sentence."""

from collections.abc import Callable

from accounts.models import Level, User
from accounts.plugins.registry import Registry

# Each returns why the page of this path asks its user for two-factor authentication of a higher level than
# this one, or "". A path may come from anybody, so it must say nothing that the user could not see anyway.
demands: Registry[Callable[[User, str, Level], str]] = Registry()


def demand_of(user: User, next_path: str, *, beyond: Level = Level.NONE) -> str:
    """Return why the page to which a set-up leads asks for more than this level, or ""."""
    if not next_path:
        return ""
    return next(filter(None, (asks(user, next_path, beyond) for asks in demands.values())), "")
