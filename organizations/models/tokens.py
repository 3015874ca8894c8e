"""Define tokens that belong to an organization and to no person (D2)."""

from enum import Enum
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.exceptions import TokenRevoked
from accounts.models import BearerToken, User, unexpired
from accounts.models.public_ids import public_id
from organizations.models.organizations import Organization


class Right(Enum):
    """Rights in an organization. Owners have all of them."""

    SETTINGS = "settings"  # change the organization or its policies, delete it; no token below has this
    MEMBERS = "members"  # see members in full, invite and remove them
    OWNERS = "owners"  # make and unmake owners
    TOKENS = "tokens"  # make and revoke the tokens below
    USER_TOKENS = "user_tokens"  # accept or refuse the tokens of members


class OrganizationToken(BearerToken):
    """The organization's own token, or the token of its owners' team: at most one of each."""

    class Kind(models.TextChoices):
        ORGANIZATION = "organization", _("Organization token")
        OWNERS = "owners", _("Team token of the owners")

    # PROTECT: only the verb deletes organizations.
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="tokens", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind)
    # The last mail to owners about an invitation with it, where its maker is no longer an owner.
    invitation_told_at = models.DateTimeField(null=True)

    class Meta(BearerToken.Meta):
        indexes: ClassVar[list[models.Index]] = [
            *BearerToken.Meta.indexes,
            models.Index(fields=["created_by_id"], name="organization_tokens_of_maker"),
        ]
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
        """Return the rights as in Terraform Cloud: members; with the owners' token, owners and tokens too.

        Both may refuse members' own tokens: no such token can, since it would end itself.
        """
        if self.kind == self.Kind.OWNERS:
            return frozenset({Right.MEMBERS, Right.OWNERS, Right.TOKENS, Right.USER_TOKENS})
        return frozenset({Right.MEMBERS, Right.USER_TOKENS})

    def lock(self) -> None:
        """Lock nothing: verbs that use or revoke this token lock its organization."""

    def check_alive(self) -> None:
        """Raise TokenRevoked if the token is revoked or expired. The caller holds the organization's lock."""
        if not OrganizationToken.objects.filter(unexpired(), pk=self.pk).exists():
            raise TokenRevoked
