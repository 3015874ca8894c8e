"""Define the members of organizations and the invitations to them."""

from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Cast, Coalesce, Greatest, Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ANY_METHOD, USERNAME_LENGTH, Level, User, login_key
from accounts.models.clocks import CLOCK_SKEW
from organizations.models.membership_indexes import INDEXES
from organizations.models.organizations import NAME_LENGTH, AuthPolicy, Organization

INVITATION_LIFETIME = timedelta(days=7)


def invitation_end() -> datetime:
    return timezone.now() + INVITATION_LIFETIME


def latest_end(now: datetime) -> datetime:
    """Return when an invitation of now ends: one that ends later was made while the clock was ahead."""
    return now + INVITATION_LIFETIME + CLOCK_SKEW


def confirmed_address(user: User) -> str:
    return login_key(user.email) if user.email_confirmed else ""


def to_address(address: str) -> Q:
    """Return the condition of invitations by email to this address. No invitation has the address ""."""
    return Q(user__isnull=True, email=address)


def requires_more_than(level: int | F) -> Q:
    """Return the condition of memberships whose organization now requires a higher level (D47).

    That is so by its policy, or by a date that has come and that every owner meets. It is
    `Organization.required_level` as a query.
    """
    policy = Q(
        organization__collaborator_auth_policy=AuthPolicy.TWO_FACTOR_MANDATORY,
        organization__accepted_level__gt=level,
    )
    date = Q(organization__due_at__lte=timezone.now(), organization__scheduled_level__gt=level)
    owners = Membership.objects.owners().filter(organization=OuterRef("organization"))
    unmet = owners.filter(level__lt=OuterRef("organization__scheduled_level"))
    return policy | (date & ~Q(Exists(unmet)))


class MembershipQuerySet(models.QuerySet["Membership"]):
    def active(self) -> Self:
        return self.filter(status=Membership.Status.ACTIVE)

    def invited(self) -> Self:
        return self.filter(status=Membership.Status.INVITED)

    def owners(self) -> Self:
        return self.active().filter(is_owner=True)

    def without_two_factor(self) -> Self:
        return self.filter(two_factor_enabled=False)

    def with_texts_only(self) -> Self:
        return self.filter(level=Level.TEXTS)

    def below(self, level: int) -> Self:
        """Return those who have set up nothing of this level."""
        return self.without_two_factor() if level == ANY_METHOD else self.filter(level__lt=level)

    def requiring_more_than(self, level: int) -> Self:
        """Return those in organizations that now require a higher level than this one (D47)."""
        return self.filter(requires_more_than(level))

    def mandatory(self) -> Self:
        """Return those in organizations that now require two-factor authentication."""
        return self.requiring_more_than(Level.NONE)

    def open_to(self, level: int) -> Self:
        """Return those that are open to a session or token of this level: `gate.is_locked_out`, negated."""
        return self.exclude(requires_more_than(level))

    def accepting_user_tokens(self) -> Self:
        """Return those in organizations that accept personal tokens: `rights.check_user_token` as a query."""
        return self.filter(organization__user_tokens_enabled=True)

    def of_person(self, user: User) -> Self:
        """Return memberships and invitations of a user, also invitations to the user's confirmed address."""
        return self.filter(Q(user=user) | to_address(confirmed_address(user)))

    def current(self) -> Self:
        """Return all but expired invitations."""
        now = timezone.now()
        return self.ending(now, latest_end(now))

    def ending(self, after: datetime, until: datetime) -> Self:
        """Return members, and invitations that end between these times."""
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=after, expires_at__lte=until))

    def not_joined_by(self, user_id: int) -> Self:
        """Leave out invitations to organizations that this user is in."""
        joined = Membership.objects.active().filter(user=user_id, organization=OuterRef("organization"))
        # With the status, no database makes a join of it, which would read all rows to have the first ones.
        return self.exclude(Q(Exists(joined), status=Membership.Status.INVITED))

    def in_organization(self, name_key: str) -> Self:
        """Return those of the organization with this name, given in lower case.

        With a join instead, the database may read all organizations of a person who is in a thousand.
        """
        named = Organization.objects.alias(name_key=Lower("name")).filter(name_key=name_key)
        return self.filter(organization=Subquery(named.values("pk")[:1]))


class Membership(models.Model):
    """A member of an organization, or an invitation to become one.

    An invitation by email never reveals whether the address has an account: its user stays empty until a user
    with that confirmed address accepts.
    """

    # No columns: `members.search.add_accounts` sets them for pages of owners.
    account_is_active = True
    address = ""

    class Status(models.TextChoices):
        INVITED = "invited", _("Invited")
        ACTIVE = "active", _("Active")

    # PROTECT: only verbs delete users and organizations; they keep owners and counts correct.
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="memberships", db_index=False)
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="memberships", db_index=False)
    email = models.EmailField(blank=True, default="")  # of an invitation by email; in lower case
    username = models.CharField(max_length=USERNAME_LENGTH, blank=True, default="")
    # The database generates the key by which pages are sorted, ignoring case.
    username_key = models.GeneratedField(
        expression=Lower("username"),
        output_field=models.CharField(max_length=USERNAME_LENGTH),
        db_persist=True,
    )
    # A copy of a member's confirmed address, by which owners search. Never that of somebody who is invited.
    address_key = models.CharField(max_length=254, blank=True, default="", db_default="", editable=False)
    # A copy of the organization's name in lower case: people's own lists are read in its order.
    organization_key = models.CharField(
        max_length=NAME_LENGTH, blank=True, default="", db_default="", editable=False
    )
    is_owner = models.BooleanField(default=False)
    status = models.CharField(max_length=8, choices=Status, default=Status.INVITED)
    # Copies of what the account has, written in the same transaction (policy.mirror). The level of an active
    # member is NULL until it is known.
    two_factor_enabled = models.BooleanField(default=False)
    two_factor_level = models.PositiveSmallIntegerField(null=True, editable=False)
    # The level by both: a former release writes only the first of them.
    level = models.GeneratedField(
        expression=Cast("two_factor_enabled", models.IntegerField())
        * Greatest(Coalesce("two_factor_level", ANY_METHOD), ANY_METHOD),
        output_field=models.IntegerField(),
        db_persist=True,
    )
    # When an owner last reminded this member to set up two-factor.
    reminded_at = models.DateTimeField(null=True, editable=False)
    # A copy of the name: deleting an account must not change memberships of others.
    invited_by = models.CharField(max_length=USERNAME_LENGTH, blank=True, default="")
    # Who is responsible for the invitation: who sent it, or who made the token that did. And that token.
    # No foreign keys: an invitation may outlive both.
    invited_by_id = models.BigIntegerField(null=True)
    invited_with_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)  # of an invitation
    # Of an invitation: whether the person is to be an owner, as soon as the rules for owners allow it.
    invited_as_owner = models.BooleanField(default=False, db_default=False)
    # Of an invitation: when an account was created with its link. Until it is renewed, it takes no other one.
    account_made_at = models.DateTimeField(null=True)
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
        indexes = INDEXES

    def __str__(self) -> str:
        return self.username or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding:
            self.organization_key = self.organization.name.lower()
        super().save(*args, **kwargs)

    def copy_two_factor(self, user: User) -> None:
        """Set the copies of what the account has set up, without writing them."""
        self.two_factor_enabled, self.two_factor_level = user.is_enrolled, user.known_level

    @property
    def is_invited(self) -> bool:
        return self.status == self.Status.INVITED

    @property
    def sent_at(self) -> datetime | None:
        """Return when this invitation was sent, the last time; None for a member."""
        return self.expires_at and self.expires_at - INVITATION_LIFETIME

    @property
    def is_expired(self) -> bool:
        """Return whether this is an invitation that can't be accepted. It can be renewed."""
        now = timezone.now()
        return self.expires_at is not None and not now < self.expires_at <= latest_end(now)
