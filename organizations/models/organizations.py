"""Define organizations and their policies."""

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.database.indexes import BeginningIndex
from accounts.models import ANY_METHOD, Level, User
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


# The levels that an organization can require.
ACCEPTED = [(Level.TEXTS, _("Any method")), (Level.APP, _("Authenticator apps only"))]


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
    # The lowest level that counts where two-factor is required.
    accepted_level = models.PositiveSmallIntegerField(
        default=ANY_METHOD, db_default=ANY_METHOD, choices=ACCEPTED, editable=False
    )
    # A date that is announced: from when on what is required, and when that is tried next, which is later
    # than the date where an owner did not have it. All NULL without a date.
    required_from = models.DateTimeField(null=True, editable=False)
    scheduled_level = models.PositiveSmallIntegerField(null=True, choices=ACCEPTED, editable=False)
    due_at = models.DateTimeField(null=True, editable=False)
    # The days before the date of the last announcement, and when owners last heard that it was put off.
    schedule_told = models.PositiveSmallIntegerField(null=True, editable=False)
    put_off_told_at = models.DateTimeField(null=True, editable=False)
    # When all members without it were last reminded at once.
    all_reminded_at = models.DateTimeField(null=True, editable=False)
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
            # What `run_due_work` looks for: dates that have come, and those that are to be announced.
            models.Index(
                fields=["due_at"], name="organizations_with_date", condition=Q(due_at__isnull=False)
            ),
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
                name="known_accepted_level", condition=Q(accepted_level__range=(Level.TEXTS, Level.APP))
            ),
            models.CheckConstraint(
                name="whole_schedule",
                condition=Q(required_from__isnull=True, scheduled_level__isnull=True, due_at__isnull=True)
                | Q(
                    required_from__isnull=False,
                    scheduled_level__range=(Level.TEXTS, Level.APP),
                    due_at__gte=F("required_from"),
                ),
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
    def present_level(self) -> Level:
        """Return the level that the policy requires, without a date that may have come."""
        if self.collaborator_auth_policy != AuthPolicy.TWO_FACTOR_MANDATORY:
            return Level.NONE
        return Level(self.accepted_level)

    @property
    def required_level(self) -> Level:
        """Return the level that members need now: that of the policy, or of a date that has come (D47).

        Only between a date and its being written down, by `run_due_work`, this takes a statement.
        """
        if self.due_at is None or self.due_at > timezone.now() or not self.is_met():
            return self.present_level
        return max(self.present_level, Level(self.scheduled_level or 0))

    def is_met(self) -> bool:
        """Return whether every owner has what is required from the date on. There must be a date."""
        return not self.memberships.owners().below(self.scheduled_level or ANY_METHOD).exists()

    @property
    def required_since(self) -> datetime | None:
        """Return since when that level has been required, if it is known."""
        if self.required_level == self.present_level:
            return self.auth_policy_changed_at
        return self.required_from

    @property
    def coming_level(self) -> Level:
        """Return the level that the announced date brings; NONE where it brings no more than now."""
        level = Level(self.scheduled_level or Level.NONE)
        return level if level > self.required_level else Level.NONE

    @property
    def is_put_off(self) -> bool:
        """Return whether the announced date is over, and an owner did not meet it."""
        at = self.required_from
        return at is not None and at <= timezone.now() and bool(self.coming_level)

    @property
    def is_mandatory(self) -> bool:
        """Return whether members need two-factor authentication now."""
        return self.required_level > Level.NONE
