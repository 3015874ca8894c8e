"""Define organizations, their policies, and the counts of their members."""

from collections.abc import Iterable
from datetime import timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.database.indexes import BeginningIndex
from accounts.models import User
from accounts.sessions.lifetimes import ABSOLUTE_LIFETIME

NAME_LENGTH = 40
HAS_FORMER = Q(former_timeout__isnull=False) | Q(former_remember__isnull=False)
# Minutes that an owner may set for the members' sessions; the longest is also the default (D11).
SHORTEST_SESSION = 60
LONGEST_SESSION = ABSOLUTE_LIFETIME // timedelta(minutes=1)


class AuthPolicy(models.TextChoices):
    """The authentication that an organization requires, with the values of Terraform Cloud's API."""

    PASSWORD = "password", _("Password")
    TWO_FACTOR_MANDATORY = "two_factor_mandatory", _("Two-factor required")


class OrganizationQuerySet(models.QuerySet["Organization"]):
    def named(self, name: str) -> Self:
        """Return the organization with this name, ignoring case, as names are unique."""
        return self.alias(name_key=Lower("name")).filter(name_key=name.lower())

    def owned_by(self, user: User) -> Self:
        return self.filter(memberships__user=user, memberships__is_owner=True)


class Organization(models.Model):
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    email = models.EmailField(_("contact email address"))
    collaborator_auth_policy = models.CharField(
        _("authentication policy"),
        max_length=32,
        choices=AuthPolicy,
        default=AuthPolicy.PASSWORD,
    )
    auth_policy_changed_at = models.DateTimeField(null=True, editable=False)
    # Minutes without use, and minutes since the sign-in, after which members have to sign in again.
    session_timeout = models.PositiveIntegerField(_("session timeout"), null=True, editable=False)
    session_remember = models.PositiveIntegerField(_("session remember"), null=True, editable=False)
    # After one of these was made longer: the one before, until what it ended is deleted
    # (organizations/policy/former_limits.py).
    former_timeout = models.PositiveIntegerField(null=True, editable=False)
    former_remember = models.PositiveIntegerField(null=True, editable=False)
    # Whether members' own tokens open it; those of the organization always do.
    user_tokens_enabled = models.BooleanField(
        _("accepts personal tokens"), default=True, db_default=True, editable=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["id"], name="organizations_with_former", condition=HAS_FORMER),
            BeginningIndex(Lower("name"), name="organizations_by_beginning"),
            models.Index(
                Lower("name"),
                name="organizations_with_policy",
                condition=Q(collaborator_auth_policy="two_factor_mandatory"),
            ),
            # What each request asks of all the organizations of a person: few of them limit sessions.
            models.Index(
                fields=["id", "session_timeout", "former_timeout"],
                name="organizations_with_timeout",
                condition=Q(session_timeout__isnull=False) | Q(former_timeout__isnull=False),
            ),
            models.Index(
                fields=["id", "session_remember", "former_remember"],
                name="organizations_with_remember",
                condition=Q(session_remember__isnull=False) | Q(former_remember__isnull=False),
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(Lower("name"), name="unique_organization_name"),
            models.CheckConstraint(
                name="known_auth_policy",
                condition=Q(collaborator_auth_policy__in=AuthPolicy.values),
            ),
            models.CheckConstraint(
                name="session_timeout_in_range",
                condition=Q(session_timeout__isnull=True)
                | Q(session_timeout__range=(SHORTEST_SESSION, LONGEST_SESSION)),
            ),
            models.CheckConstraint(
                name="session_remember_in_range",
                condition=Q(session_remember__isnull=True)
                | Q(session_remember__range=(SHORTEST_SESSION, LONGEST_SESSION)),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_mandatory(self) -> bool:
        """Return whether members need two-factor authentication."""
        return self.collaborator_auth_policy == AuthPolicy.TWO_FACTOR_MANDATORY


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


class OrganizationCounts(models.Model):
    """The number of members, in a table of its own, changed last in a transaction.

    Counting a million rows on each page is too slow. No rule relies on these numbers, and no constraint is on
    them: a wrong count must not stop a user from enabling two-factor. `doctor` checks and corrects them.
    """

    organization = models.OneToOneField(Organization, models.PROTECT, primary_key=True, related_name="counts")
    members = models.IntegerField(default=0)
    members_without_two_factor = models.IntegerField(default=0)
    invited = models.IntegerField(default=0)

    objects = OrganizationCountsQuerySet.as_manager()

    def __str__(self) -> str:
        return f"counts of organization {self.organization_id}"
