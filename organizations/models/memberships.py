"""Who is in an organization, and who is invited."""

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import USERNAME_LENGTH, User
from organizations.models.organizations import AuthPolicy, Organization

INVITATION_LIFETIME = timedelta(days=7)


def invitation_end() -> datetime:
    return timezone.now() + INVITATION_LIFETIME


def confirmed_address(user: User) -> str:
    return user.email.lower() if user.email_confirmed else ""


class MembershipQuerySet(models.QuerySet["Membership"]):
    def active(self) -> Self:
        return self.filter(status=Membership.Status.ACTIVE)

    def invited(self) -> Self:
        return self.filter(status=Membership.Status.INVITED)

    def owners(self) -> Self:
        return self.active().filter(is_owner=True)

    def without_two_factor(self) -> Self:
        return self.filter(two_factor_enabled=False)

    def mandatory(self) -> Self:
        """Those in organizations that require two-factor authentication."""
        return self.filter(organization__collaborator_auth_policy=AuthPolicy.TWO_FACTOR_MANDATORY)

    def open_to(self, user: User) -> Self:
        """Those that no policy closes to this session or token: gate.is_locked_out as a query."""
        if user.is_enrolled and user.is_verified():
            return self
        return self.exclude(organization__collaborator_auth_policy=AuthPolicy.TWO_FACTOR_MANDATORY)

    def of_person(self, user: User) -> Self:
        """Memberships and invitations of a user, also those to an address that this user confirmed."""
        return self.of(user.pk, confirmed_address(user))

    def of(self, user_id: int, address: str) -> Self:
        """The same, as a prepared read wants it. No invitation is to the empty address."""
        return self.filter(Q(user=user_id) | Q(user__isnull=True, email=address))

    def current(self) -> Self:
        """All but invitations that have expired."""
        return self.current_at(timezone.now())

    def current_at(self, now: datetime) -> Self:
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))

    def in_organization(self, name_key: str) -> Self:
        """Those of the organization with this name, given in lower case."""
        return self.alias(name_key=Lower("organization__name")).filter(name_key=name_key)


class Membership(models.Model):
    """A person in an organization, or the invitation to become one.

    An invitation by email never says whether the address has an account: its user stays empty until somebody
    who confirmed that address accepts.
    """

    class Status(models.TextChoices):
        INVITED = "invited", _("Invited")
        ACTIVE = "active", _("Active")

    # PROTECT: people and organizations go by their verbs, which keep owners and counts right.
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="memberships", db_index=False)
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="memberships")
    email = models.EmailField(blank=True, default="")  # of an invitation by email; in lower case
    username = models.CharField(max_length=USERNAME_LENGTH, blank=True, default="")
    # The order of the pages, without regard to case; the database keeps it.
    username_key = models.GeneratedField(
        expression=Lower("username"),
        output_field=models.CharField(max_length=USERNAME_LENGTH),
        db_persist=True,
    )
    is_owner = models.BooleanField(default=False)
    status = models.CharField(max_length=8, choices=Status, default=Status.INVITED)
    # The mirror of User.two_factor_enabled_at, written in the same transaction (policy.mirror).
    two_factor_enabled = models.BooleanField(default=False)
    # A copy of the name: deleting an account changes nobody else's membership.
    invited_by = models.CharField(max_length=USERNAME_LENGTH, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)  # of an invitation
    joined_at = models.DateTimeField(null=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization", "user"],
                condition=Q(user__isnull=False),
                name="one_membership_per_user",
            ),
            models.UniqueConstraint(
                "organization",
                Lower("email"),
                condition=Q(user__isnull=True),
                name="one_invitation_per_address",
            ),
            models.CheckConstraint(
                name="active_members_are_users",
                condition=Q(status="invited") | Q(user__isnull=False, joined_at__isnull=False),
            ),
            models.CheckConstraint(
                name="owners_are_active",
                condition=Q(is_owner=False) | Q(status="active"),
            ),
            models.CheckConstraint(
                name="invitations_expire",
                condition=Q(status="invited", expires_at__isnull=False)
                | Q(status="active", expires_at__isnull=True),
            ),
            models.CheckConstraint(
                name="invited_by_name_or_address",
                condition=Q(user__isnull=False, email="") | (Q(user__isnull=True) & ~Q(email="")),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["organization", "username_key", "id"],
                name="members_by_name",
                condition=Q(status="active"),
            ),
            models.Index(
                fields=["organization", "username_key", "id"],
                name="members_without_two_factor",
                condition=Q(status="active", two_factor_enabled=False),
            ),
            # Prefix search; PostgreSQL needs this operator class for it in locales other than C.
            models.Index(
                fields=["organization", "username_key"],
                opclasses=["int8_ops", "varchar_pattern_ops"],
                name="members_by_prefix",
                condition=Q(status="active"),
            ),
            models.Index(
                fields=["organization"],
                name="owners_without_two_factor",
                condition=Q(is_owner=True, two_factor_enabled=False, status="active"),
            ),
            models.Index(
                fields=["organization"],
                name="owners_of_organization",
                condition=Q(is_owner=True),
            ),
            models.Index(
                fields=["organization", "username_key", "id"],
                name="invitations_by_name",
                condition=Q(status="invited"),
            ),
            models.Index(fields=["email"], name="invitations_to_address", condition=Q(user__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.username or self.email

    @property
    def is_invited(self) -> bool:
        return self.status == self.Status.INVITED

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()
