"""Read since when everybody who is or was in an organization has had two-factor, gaps included.

Memberships and periods are read side by side in the order of accounts, some at a time: a million members take
no more memory than ten. Each batch is a statement of its own. One snapshot for all of them would be a
transaction that lasts as long as somebody takes to download, and no row of the site could be tidied away
meanwhile (docs/decisions/0029). Instead, what began after the moment of the export is left out, and what
ended after it counts as open.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from django.db.models import Prefetch

from accounts.database.reading import read_in_batches
from accounts.models import ANY_METHOD, Level, User
from organizations.models import Membership, MembershipQuerySet, Organization, TwoFactorPeriod

COLUMNS = (
    "organization",
    "user",
    "username",
    "is_owner",
    "joined_at",
)
COLUMNS_OF_USERS = ("email", "email_confirmed_at", "is_active")


@dataclass(frozen=True)
class Period:
    """A time with a level of two-factor; None if it is unknown. It has no end while it lasts."""

    level: Level | None
    began_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True)
class Stay:
    """A membership from joining to leaving. A person who left and came back has two.

    `member` is None when it has ended by now. Then nobody knows the role any more, and the address is not
    told. It lasted if it ended after the moment of the export. It is over without `left_at` if nobody knows
    when it ended: a process of a former release has removed the member.
    """

    user_id: int
    username: str
    member: Membership | None
    joined_at: datetime | None
    left_at: datetime | None
    is_over: bool
    periods: list[Period]

    @property
    def level(self) -> Level | None:
        """Return the level at the moment of the export, of somebody who was in; None if it is unknown."""
        return None if self.is_over else self.periods[-1].level

    def since(self, level: int) -> datetime | None:
        """Return the beginning of the present unbroken run with this level or more, as far as is known."""
        began = None
        for period in reversed([] if self.is_over else self.periods):
            if period.level is None or period.level < level:
                break
            began = period.began_at
        return began

    @property
    def two_factor_since(self) -> datetime | None:
        return self.since(ANY_METHOD)

    @property
    def authenticator_app_since(self) -> datetime | None:
        return self.since(Level.APP)


def stays_of(organization: Organization, at: datetime) -> Iterator[Stay]:
    """Yield the stays of everybody who was in the organization at some time until `at`, person by person."""
    periods = TwoFactorPeriod.objects.filter(organization=organization, began_at__lte=at)
    rows: Iterator[Membership | TwoFactorPeriod] = heapq.merge(
        read_in_batches(members_of(organization, at), by="user_id", unique=True),
        read_in_batches(periods, by="user_id"),
        key=user_of,
    )
    for user_id, found in groupby(rows, key=user_of):
        yield from stays_of_person(organization, user_id, list(found), at)


def members_of(organization: Organization, at: datetime) -> MembershipQuerySet:
    active = Membership.objects.active().filter(organization=organization, joined_at__lte=at)
    users = Prefetch("user", User.objects.only(*COLUMNS_OF_USERS))
    return active.filter(user__isnull=False).only(*COLUMNS).prefetch_related(users)


def user_of(row: Membership | TwoFactorPeriod) -> int:
    return row.user_id or 0


def stays_of_person(
    organization: Organization, user_id: int, rows: list[Membership | TwoFactorPeriod], at: datetime
) -> Iterator[Stay]:
    member = next((row for row in rows if isinstance(row, Membership)), None)
    periods = [row for row in rows if isinstance(row, TwoFactorPeriod)]
    if member is None and periods[-1].ended_at is None:  # joined or left while others were read
        member = members_of(organization, at).filter(user=user_id).first()
        periods[-1] = TwoFactorPeriod.objects.filter(pk=periods[-1].pk).first() or periods[-1]
    own: list[TwoFactorPeriod] = []
    stays = [(each, list(found)) for each, found in groupby(periods, lambda row: joined_of(row, member))]
    returns = [*(joined_at for joined_at, _found in stays[1:]), member.joined_at if member else None]
    for (joined_at, found), back_at in zip(stays, returns, strict=False):
        if member is not None and joined_at == member.joined_at:
            own = found
        else:
            yield former_stay(joined_at, found, at, back_at)
    if member is not None:
        known = [Period(Level(row.level), row.began_at, ended_by(row, at)) for row in own]
        covered = list(with_unknown(member.joined_at, known, is_over=False))
        yield Stay(user_id, member.username, member, member.joined_at, None, False, covered)


def joined_of(period: TwoFactorPeriod, member: Membership | None) -> datetime | None:
    if period.joined_at is None and member is not None and member.joined_at is not None:
        return member.joined_at if period.began_at >= member.joined_at else None
    return period.joined_at


def former_stay(
    joined_at: datetime | None, rows: list[TwoFactorPeriod], at: datetime, back_at: datetime | None
) -> Stay:
    """Return a stay that has ended by now; at the moment of the export it may have lasted.

    If the person came back, it ended before that. One that ends only then was left open by a process of a
    former release, and nobody knows when it ended.
    """
    last = rows[-1]
    lasted = last.ended_at is not None and last.ended_at > at and back_at is None
    known = [Period(Level(row.level), row.began_at, ended_by(row, at)) for row in rows]
    left_at = known[-1].ended_at
    if left_at is not None and back_at is not None and left_at >= back_at:
        left_at, known[-1] = None, replace(known[-1], ended_at=None)
    covered = list(with_unknown(joined_at, known, is_over=not lasted))
    return Stay(last.user_id, last.username, None, joined_at, left_at, not lasted, covered)


def ended_by(period: TwoFactorPeriod, at: datetime) -> datetime | None:
    """Return when a period ended, seen from this moment."""
    return period.ended_at if period.ended_at is not None and period.ended_at <= at else None


def with_unknown(joined_at: datetime | None, known: Iterable[Period], *, is_over: bool) -> Iterator[Period]:
    """Yield the periods of a stay, with one of an unknown level wherever none is known."""
    until = joined_at
    for period in known:
        if until is not None and period.began_at is not None and period.began_at > until:
            yield Period(None, until, period.began_at)
        yield period
        if period.ended_at is None:
            return
        until = period.ended_at
    if not is_over:
        yield Period(None, until, None)
