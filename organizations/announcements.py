"""Tell people by mail when an owner comes or goes, and when a token of an organization does.

Every door uses these functions, in the transaction of the change. The readers are the owners of that moment,
chosen at once: somebody who makes an owner and removes the others can't keep the mail from them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from accounts import outbox
from accounts.audit import Actor
from accounts.models import User
from organizations.listed import NOBODY, Listed, listing
from organizations.models import Membership, MembershipQuerySet, Organization, OrganizationToken


class Change(StrEnum):
    """What happened to owners or members. Mails have a sentence for each."""

    FOUNDED = "founded"
    MADE = "made"
    JOINED = "joined"  # as an owner, by an invitation
    UNMADE = "unmade"
    REMOVED = "removed"
    LEFT = "left"
    ACCOUNT_DELETED = "account_deleted"
    DEACTIVATED = "deactivated"
    REACTIVATED = "reactivated"
    TWO_FACTOR_REMOVED = "two_factor_removed"
    UNCHANGED = "unchanged"  # was no longer an owner, but what they made was ended


INVITATIONS = "invitations"  # in LeftBehind.names

# The mails to the people themselves. About their account they get mails of accounts.
TO_OWNERS_CONCERNED = {
    Change.FOUNDED: "organization_owner_made",
    Change.MADE: "organization_owner_made",
    Change.JOINED: "organization_owner_made",
    Change.UNMADE: "organization_owner_unmade",
    Change.REMOVED: "organization_owner_unmade",
    Change.LEFT: "organization_owner_unmade",
}
TO_MEMBERS_CONCERNED = {Change.REMOVED: "organization_member_removed"}


@dataclass(frozen=True)
class LeftBehind:
    """What people made for an organization that does not go with them, and what became of it."""

    tokens: Sequence[OrganizationToken] = field(default=())
    invitations: Listed = field(default=NOBODY)
    contact: str = ""  # the contact address of the organization, if it is theirs
    tokens_ended: bool = False
    invitations_revoked: bool = False

    def __bool__(self) -> bool:
        return bool(self.tokens or self.invitations or self.contact)

    @property
    def names(self) -> list[str]:
        """Return the public ids of the tokens, and INVITATIONS if there are any."""
        return [token.public_id for token in self.tokens] + ([INVITATIONS] if self.invitations else [])

    @property
    def ended(self) -> bool:
        """Return whether any of it was ended."""
        return bool(self.tokens and self.tokens_ended) or bool(self.invitations and self.invitations_revoked)

    def for_mail(self) -> dict[str, Any]:
        return {
            "tokens": [token_for_mail(token) for token in self.tokens],
            "tokens_ended": self.tokens_ended,
            "invitations": self.invitations.in_words,
            "invitations_revoked": self.invitations_revoked,
            "contact": self.contact,
        }


NOTHING = LeftBehind()


def tell(
    organization: Organization,
    change: Change,
    people: Sequence[User],
    *,
    actor: Actor,
    were_owners: bool = True,
    left: LeftBehind = NOTHING,
) -> None:
    """Tell all owners of a change that is written, and the people whom it concerns in mails of their own.

    When plain members go, owners are told only if they leave something behind.
    """
    ids = {user.pk for user in people}
    before = dict.fromkeys(ids, were_owners and change not in (Change.MADE, Change.JOINED))
    if were_owners or left:
        outbox.notify_all(
            owners_of(organization) - ids,
            "organization_owners_changed",
            change=change.value,
            were_owners=were_owners,
            names=listing([user.username for user in people]),
            number=len(people),
            **mail_context(organization, actor, before=before),
            **left.for_mail(),
        )
    name = (TO_OWNERS_CONCERNED if were_owners else TO_MEMBERS_CONCERNED).get(change)
    for user in people if name else ():
        told = mail_context(organization, actor, reader=user, before=before)
        outbox.notify(user, str(name), change=change.value, **told)


def tell_of_deletion(organization: Organization, *, actor: Actor) -> None:
    """Tell all owners that the organization is about to be deleted. Call it before memberships go."""
    outbox.notify_all(owners_of(organization), "organization_deleted", **mail_context(organization, actor))


def tell_of_token(name: str, token: OrganizationToken, *, actor: Actor, **context: Any) -> None:
    """Send all owners this mail about a token."""
    organization = token.organization
    outbox.notify_all(
        owners_of(organization),
        name,
        kind=str(token.kind),
        made_by=maker_of(token),
        **context,
        **mail_context(organization, actor),
    )


def tell_of_user_tokens(organization: Organization, *, actor: Actor) -> None:
    """Tell all owners that the organization now accepts, or no longer accepts, the tokens of its members."""
    outbox.notify_all(
        owners_of(organization),
        "organization_user_tokens",
        enabled=organization.user_tokens_enabled,
        **mail_context(organization, actor),
    )


def tell_of_invitation(organization: Organization, invitation: Membership, *, actor: Actor) -> None:
    """Tell all owners of an invitation by a token whose maker is no longer an owner."""
    outbox.notify_all(
        owners_of(organization),
        "organization_token_invited",
        invited=str(invitation),
        **mail_context(organization, actor),
    )


def mail_context(
    organization: Organization,
    actor: Actor,
    *,
    reader: User | None = None,
    before: Mapping[int, bool] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return what all of these mails say: where, who did it or which token, and how many owners there are.

    `before` says of the people whom the change made or unmade owners, by id, what they were before it.
    """
    return {
        "organization_name": organization.name,
        "organization_email": organization.email,
        "owners": active_owners(organization).count(),
        "actor": by_whom(organization, actor, reader, before),
    }


def by_whom(
    organization: Organization, actor: Actor, reader: User | None, before: Mapping[int, bool]
) -> dict[str, Any]:
    token = actor.token
    if not isinstance(token, OrganizationToken):
        return {**outbox.circumstances(actor, reader), "with_token": token is not None}
    maker = token.created_by_id
    owned = before[maker] if maker is not None and maker in before else is_owner(organization, maker)
    return {"by": "token", "kind": str(token.kind), "name": maker_of(token), "owned": owned}


def owners_of(organization: Organization) -> set[int]:
    """Return the ids of the owners whose accounts are active at this moment."""
    return set(active_owners(organization).values_list("user_id", flat=True))


def active_owners(organization: Organization) -> MembershipQuerySet:
    owners: MembershipQuerySet = organization.memberships.owners()
    return owners.filter(user__is_active=True)


def is_owner(organization: Organization, user_id: int | None) -> bool:
    return user_id is not None and organization.memberships.owners().filter(user=user_id).exists()


def maker_of(token: OrganizationToken) -> str:
    """Return the username of the person who made a token, or who made the token that made it.

    Of a deleted account, the name that was kept; "" for an administrator of the server.
    """
    maker = User.objects.filter(pk=token.created_by_id).values_list("username", flat=True).first()
    return maker or token.created_by


def token_for_mail(token: OrganizationToken) -> dict[str, str]:
    used = token.last_used_at
    return {
        "kind": str(token.kind),
        "made_by": maker_of(token),
        "used_on": used.isoformat() if used else "",
    }
