"""The level of what somebody has set up, and of what proved a session or token (D45)."""

from accounts import factors
from accounts.factors import Methods
from accounts.factors.base import Factor
from accounts.models import ANY_METHOD, Level, User


def level_of(methods: Methods, *, without: str = "") -> Level:
    """Return the level of the strongest of these methods, without the one with this slug.

    One that was set aside counts: its device is still set up (D27).
    """
    found = [factors.get(slug) for slug in methods.states if slug != without]
    return max((factor.level for factor in found if factor is not None), default=Level.NONE)


def proof_level(user: User) -> Level:
    """Return the level of what proved this session or token; NONE if it is not verified."""
    return proved_level(user.session_method, verified=user.is_verified())


def proved_level(method: str, *, verified: bool) -> Level:
    """Return the level of what a sign-in with this method has proved, NONE if it was not verified.

    A backup code satisfies every level: codes come with the first device, and are no text that somebody else
    may receive. An unknown method is the lowest.
    """
    if not verified:
        return Level.NONE
    factor = factors.get(method)
    return ANY_METHOD if factor is None else proves(factor)


def proves(factor: Factor) -> Level:
    """Return the level of an answer to this factor."""
    return max(Level) if factor.is_backup else factor.level


def answering(level: int) -> set[str]:
    """Return the slugs of the factors whose answers prove a session to this level."""
    return {factor.slug for factor in factors.all_factors() if proves(factor) >= level}
