"""Kinds of limits: how often, in how long, and what happens above a ceiling (all limits: docs/limits.md)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from accounts.audit import Actor
from accounts.limits.wording import Told

HOUR, DAY = 3600, 86_400  # seconds
NONE: Mapping[str, int] = MappingProxyType({})
BUDGETS = "budgets"  # the list of their names, for the page of metrics
_names: set[str] = set()


def budget_names() -> list[str]:
    """Return the names of all budgets that code has made so far: none comes from a request."""
    return sorted(_names - {""})


class Budget:
    """How many attempts each subject has. `windows` are pairs of (attempts, seconds).

    `alarm` is logged as an error, once per window, by the attempt that uses the window up.

    A budget `of_successes` counts successes instead: an attempt is refused when the budget is used up, but
    only `Attempt.succeeded()` spends it. Attempts at the same moment are all checked before the first one is
    spent, so they can exceed the budget by their number.

    `above` has the limits that hold instead while a ceiling of the same reservation is exceeded, by the name
    of the ceiling. They hold for the shortest window: what a lost mail costs is that wait, not the longest.
    With `if_failed`, they hold only for subjects that failed within the last hour.

    `told` is what somebody is told when the budget is used up; None if nobody is ever told so.
    """

    def __init__(
        self,
        name: str,
        *windows: tuple[int, int],
        alarm: str = "",
        of_successes: bool = False,
        above: Mapping[str, int] = NONE,
        if_failed: bool = False,
        told: Told | None = None,
    ) -> None:
        self.name = name
        _names.add(name)
        self.told = told
        self.windows = windows
        self.shortest = min((seconds for _limit, seconds in windows), default=0)
        self.alarm = alarm
        self.of_successes = of_successes
        self.above = above
        self.if_failed = if_failed


class Ceiling(Budget):
    """A budget over all sources. It never refuses by itself: nobody can shut out others by using it up.

    While it is exceeded, the budgets that name it in `above` have lower limits. The alarm is critical.
    """


Claim: TypeAlias = tuple[Budget, str]

# How many times the budget of one IPv4 address, or of one IPv6 /64, these networks have together.
WIDER = {"/24": 10, "/56": 3, "/48": 10}


class BySource:
    """Budgets of the nested networks of a source: of the address or the IPv6 /64, and of those around it.

    One home connection has up to 65,536 IPv6 /64 networks, and 256 of an IPv4 network are cheap to rent.
    """

    def __init__(
        self,
        name: str,
        *windows: tuple[int, int],
        above: Mapping[str, int] = NONE,
        if_failed: bool = False,
        told: Told | None = None,
    ) -> None:
        self.told = told
        self.budgets = {
            length: Budget(
                f"{name}:{length}" if length else name,
                *((limit * times, seconds) for limit, seconds in windows),
                above={ceiling: limit * times for ceiling, limit in above.items()},
                if_failed=if_failed,
                told=told,
            )
            for length, times in {"": 1, **WIDER}.items()
        }

    def claims(self, actor: Actor, subject: str = "") -> list[Claim]:
        """Return the claims for the actor's networks. Each network has a budget for each subject."""
        narrowest, *wider = actor.networks
        before = f"{subject}:" if subject else ""
        return [
            (self.budgets[""], f"{before}{narrowest}"),
            *((self.budgets[length_of(network)], f"{before}{network}") for network in wider),
        ]


def length_of(network: str) -> str:
    return "/" + network.rpartition("/")[2]
