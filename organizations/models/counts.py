"""Count the members of organizations, now and at the end of each day."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from django.db import connection, models
from django.db.models import F
from django.utils import timezone

from accounts.models import ANY_METHOD, Level
from organizations.models.organizations import Organization


def share_of(enabled: bool, level: int | None, members: int = 1) -> dict[str, int]:
    """Return how the counts change with so many more members with, or without, two-factor of this level.

    A level that is not known yet (None) is not counted as texts: a former release does not count those.
    """
    return {
        "members_without_two_factor": 0 if enabled else members,
        "members_with_texts_only": members if enabled and level == Level.TEXTS else 0,
    }


NOTE = """
INSERT INTO organizations_organizationday (organization_id, day, members, without_two_factor, with_texts_only)
SELECT organization_id, %s, members, members_without_two_factor, members_with_texts_only
FROM organizations_organizationcounts WHERE organization_id IN ({ids})
ON CONFLICT (organization_id, day) DO UPDATE SET members = excluded.members,
without_two_factor = excluded.without_two_factor, with_texts_only = excluded.with_texts_only
"""


class OrganizationDayQuerySet(models.QuerySet["OrganizationDay"]):
    def note(self, organization_ids: Sequence[int]) -> None:
        """Store the present counts as those of today (UTC). The caller has just changed them."""
        sql = NOTE.format(ids=", ".join(["%s"] * len(organization_ids)))
        with connection.cursor() as cursor:
            cursor.execute(sql, [timezone.now().date(), *organization_ids])


class OrganizationDay(models.Model):
    """The counts of an organization at the end of a day (UTC) on which they changed, for its progress."""

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="days", db_index=False, db_constraint=False
    )
    day = models.DateField()
    members = models.IntegerField()
    without_two_factor = models.IntegerField()
    with_texts_only = models.IntegerField()

    objects = OrganizationDayQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization", "day"], name="one_row_a_day"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["day"], name="days_by_date")]

    def __str__(self) -> str:
        return f"counts of organization {self.organization_id} on {self.day}"

    def below(self, level: int) -> int:
        """Return how many members had set up nothing of this level."""
        return self.without_two_factor + (self.with_texts_only if level > ANY_METHOD else 0)


class OrganizationCountsQuerySet(models.QuerySet["OrganizationCounts"]):
    def add(self, organization_ids: Iterable[int], **changes: int) -> None:
        """Add the changes to the counts. Call it last in a transaction, because others wait for the rows."""
        ids = sorted(set(organization_ids))
        deltas = {field: F(field) + change for field, change in changes.items() if change}
        if not ids or not deltas:
            return
        if len(ids) > 1:
            in_order = self.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
            ids = list(in_order.values_list("pk", flat=True))
        self.filter(pk__in=ids).update(**deltas)
        OrganizationDay.objects.note(ids)


class OrganizationCounts(models.Model):
    """The number of members, in a table of its own, changed last in a transaction.

    Counting a million rows on each page is too slow. No rule relies on these numbers, and no constraint is on
    them: a wrong count must not stop a user from enabling two-factor. `doctor` checks and corrects them.
    """

    organization = models.OneToOneField(Organization, models.PROTECT, primary_key=True, related_name="counts")
    members = models.IntegerField(default=0)
    members_without_two_factor = models.IntegerField(default=0)
    members_with_texts_only = models.IntegerField(default=0, db_default=0)
    invited = models.IntegerField(default=0)

    objects = OrganizationCountsQuerySet.as_manager()

    def __str__(self) -> str:
        return f"counts of organization {self.organization_id}"

    def below(self, level: int) -> int:
        """Return how many members have set up nothing of this level."""
        texts = self.members_with_texts_only if level > ANY_METHOD else 0
        return self.members_without_two_factor + texts
