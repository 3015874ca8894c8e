"""Kinds of limits: how often, in how long, and what happens above a ceiling (all limits: docs/limits.md)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from accounts.audit import Actor
from accounts.limits.sources import SHARED_TIMES, Source, sources_of, usual_sources
from accounts.limits.wording import Told

HOUR, DAY = 3600, 86_400  # seconds
SETTING = "SHARED_NETWORKS"  # raises what is counted by network alone
NONE: Mapping[str, int] = MappingProxyType({})
BUDGETS = "budgets"  # the list of their names, for the page of metrics
_names: set[str] = set()


def budget_names() -> list[str]:
    """Return the families of all budgets so far: code names them, and no request or setting does."""
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

    `told` is what somebody is told when the budget is used up; None if nobody is ever told so. `setting` is
    the one that raises it, and `is_larger` says that it has, for the log. `family` is the name of the budget
    that this one was made from, for the page of metrics.
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
        setting: str = "",
        is_larger: bool = False,
        family: str = "",
    ) -> None:
        self.name = name
        self.setting = setting
        self.is_larger = is_larger
        self.family = family or name
        _names.add(self.family)
        self.told = told
        self.windows = windows
        self.shortest = min((seconds for _limit, seconds in windows), default=0)
        self.alarm = alarm
        self.of_successes = of_successes
        self.above = above
        self.if_failed = if_failed

    def larger(self, times: int, *, name: str = "", setting: str = "", is_larger: bool = False) -> "Budget":
        """Return this budget with so many times the attempts, also above a ceiling."""
        return Budget(
            name or self.name,
            *((limit * times, seconds) for limit, seconds in self.windows),
            alarm=self.alarm,
            of_successes=self.of_successes,
            above={ceiling: limit * times for ceiling, limit in self.above.items()},
            if_failed=self.if_failed,
            told=self.told,
            setting=setting,
            is_larger=is_larger,
            family=self.family,
        )


class Ceiling(Budget):
    """A budget over all sources. It never refuses by itself: nobody can shut out others by using it up.

    While it is exceeded, the budgets that name it in `above` have lower limits. The alarm is critical.
    """


Claim: TypeAlias = tuple[Budget, str]


class BySource:
    """Budgets of the nested networks of a source: of the address or the IPv6 /64, and of those around it.

    One home connection has up to 65,536 IPv6 /64 networks, and 256 of an IPv4 network are cheap to rent.
    Those in SHARED_NETWORKS have larger ones, unless the claims are for a subject, too: those protect it.
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
        self.one = Budget(name, *windows, above=above, if_failed=if_failed, told=told)
        self.made: dict[tuple[str, bool, str], Budget] = {}

    def claims(self, actor: Actor, subject: str = "") -> list[Claim]:
        """Return the claims for the actor's networks. Each network has a budget for each subject."""
        if subject:
            return [(self.of(source), f"{subject}:{source.key}") for source in usual_sources(actor)]
        return [(self.of(source, SETTING), source.key) for source in sources_of(actor)]

    def of(self, source: Source, setting: str = "") -> Budget:
        """Return the budget of this kind of source; `setting` raises it."""
        kind = source.length, source.shared, setting
        if kind not in self.made:
            name = f"{self.one.name}:{source.length}" if source.length else self.one.name
            self.made[kind] = self.one.larger(
                source.times, name=name, setting=setting, is_larger=source.shared
            )
        return self.made[kind]


class ByWidestSource(Budget):
    """A budget of the widest network of a source, which has larger ones in SHARED_NETWORKS."""

    def claim(self, actor: Actor) -> Claim:
        """Return the claim for the widest of the actor's networks."""
        widest = sources_of(actor)[-1]
        times = SHARED_TIMES if widest.shared else 1
        return self.larger(times, setting=SETTING, is_larger=widest.shared), widest.key
