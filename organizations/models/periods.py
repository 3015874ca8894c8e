"""Since when members have had two-factor, in periods: the evidence that an owner can export.

They are written with the copy of the level (policy.mirror), and never made from audit events, which are
deleted after some time. Before the first period of a member nothing is known.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.models import USERNAME_LENGTH
from organizations.models.memberships import Membership
from organizations.models.organizations import Organization


class TwoFactorPeriodQuerySet(models.QuerySet["TwoFactorPeriod"]):
    def begin(self, members: Iterable[Membership], level: int | None, now: datetime) -> None:
        """Begin a period of this level for members, and end the one before; none of an unknown level.

        A former release that removed a member has left an open one, which must keep nobody from coming back.
        """
        if level is None:
            return
        by_user: dict[int, list[Membership]] = defaultdict(list)
        for member in members:
            if member.user_id is not None:
                by_user[member.user_id].append(member)
        for user_id, own in by_user.items():
            self.close(user_id, [member.organization_id for member in own], now)
        self.bulk_create(
            TwoFactorPeriod(
                organization_id=member.organization_id,
                user_id=user_id,
                username=member.username,
                joined_at=member.joined_at,
                level=level,
                began_at=now,
            )
            for user_id, own in by_user.items()
            for member in own
        )

    def close(self, user_id: int, organization_ids: Collection[int], now: datetime) -> None:
        """End the open periods of a user in these organizations."""
        open_ones = self.filter(user_id=user_id, organization__in=organization_ids, ended_at__isnull=True)
        open_ones.update(ended_at=now)


class TwoFactorPeriod(models.Model):
    """A time in which a member had two-factor of one level, or none. It has no end while it lasts.

    It outlives the membership and the account: who had access to an organization without two-factor is asked
    years later. So it has the name, and no foreign key to the account.
    """

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="periods", db_index=False, db_constraint=False
    )
    user_id = models.BigIntegerField()
    username = models.CharField(max_length=USERNAME_LENGTH)
    # Of the membership: periods with the same time belong to the same one. Before the first of them the level
    # is unknown. NULL only if nobody knows when a membership that has ended began.
    joined_at = models.DateTimeField(null=True)
    level = models.PositiveSmallIntegerField()
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = TwoFactorPeriodQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["user_id", "organization"],
                condition=Q(ended_at__isnull=True),
                name="one_open_period_per_member",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organization", "user_id", "id"], name="periods_of_organization"),
        ]

    def __str__(self) -> str:
        return f"{self.username} in organization {self.organization_id} from {self.began_at}"
