"""Define organizations, their members, tokens and counts."""

from organizations.models.counts import OrganizationCounts, OrganizationDay, share_of
from organizations.models.memberships import (
    INVITATION_LIFETIME,
    Membership,
    MembershipQuerySet,
    confirmed_address,
    invitation_end,
    latest_end,
    to_address,
)
from organizations.models.organizations import (
    LONGEST_SESSION,
    NAME_LENGTH,
    SHORTEST_SESSION,
    AuthPolicy,
    Organization,
    OrganizationQuerySet,
)
from organizations.models.periods import TwoFactorPeriod
from organizations.models.tokens import OrganizationToken, Right

__all__ = [
    "INVITATION_LIFETIME",
    "LONGEST_SESSION",
    "NAME_LENGTH",
    "SHORTEST_SESSION",
    "AuthPolicy",
    "Membership",
    "MembershipQuerySet",
    "Organization",
    "OrganizationCounts",
    "OrganizationDay",
    "OrganizationQuerySet",
    "OrganizationToken",
    "Right",
    "TwoFactorPeriod",
    "confirmed_address",
    "invitation_end",
    "latest_end",
    "share_of",
    "to_address",
]
