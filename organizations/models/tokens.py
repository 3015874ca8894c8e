"""Tokens that belong to an organization and to no person (D2)."""

from enum import Enum
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.exceptions import TokenRevoked
from accounts.models import BearerToken, User, unexpired
from accounts.models.public_ids import public_id
from organizations.models.organizations import Organization


class Right(Enum):
    """What one may be allowed to do to an organization. Owners may do all of it."""

    SETTINGS = "settings"  # change, require, delete: that takes a person
    MEMBERS = "members"  # see whole, invite and remove members
    OWNERS = "owners"  # make and unmake owners
    TOKENS = "tokens"  # make and revoke the tokens below


class OrganizationToken(BearerToken):
    """The organization's own token, or that of its owners' team: at most one of each."""

    class Kind(models.TextChoices):
        ORGANIZATION = "organization", _("Organization token")
        OWNERS = "owners", _("Team token of the owners")

    # PROTECT: organizations go by their verb.
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="tokens", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization", "kind"], name="one_token_of_each_kind"),
            models.CheckConstraint(
                name="known_token_kind", condition=models.Q(kind__in=["organization", "owners"])
            ),
        ]

    @property
    def user(self) -> User | None:
        return None

    @property
    def holder(self) -> str:
        suffix = "/owners" if self.kind == self.Kind.OWNERS else ""
        return f"organization:{self.organization.name}{suffix}"

    @property
    def belongs_to(self) -> tuple[str, str]:
        if self.kind == self.Kind.OWNERS:
            return "teams", public_id("team", self.organization_id)
        return "organizations", self.organization.name

    @property
    def rights(self) -> frozenset[Right]:
        """As in Terraform Cloud's table: both manage members, the owners' also what owners' teams manage."""
        if self.kind == self.Kind.OWNERS:
            return frozenset({Right.MEMBERS, Right.OWNERS, Right.TOKENS})
        return frozenset({Right.MEMBERS})

    def lock(self) -> None:
        """Nothing to lock here: what acts with it locks its organization, and so does what ends it."""

    def check_alive(self) -> None:
        """Ask it while the organization is locked. Raises TokenRevoked."""
        if not OrganizationToken.objects.filter(unexpired(), pk=self.pk).exists():
            raise TokenRevoked
