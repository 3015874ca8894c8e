"""Find what a person who goes has made for an organization, and end it: tokens, and invitations by them.

Tokens belong to the organization, and invitations to those invited: neither goes with the person who made it.
What belongs to the person (sessions, API tokens of their own) loses the organization with the membership.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from accounts.audit import Actor
from accounts.models import User, unexpired
from organizations import tokens as token_verbs
from organizations.access.rights import check_right, lock_memberships
from organizations.announcements import INVITATIONS, Change, LeftBehind, tell
from organizations.events import Event, record_all
from organizations.exceptions import NoLongerAllowed, NotShown
from organizations.listed import Listed
from organizations.members import succession
from organizations.models import Membership, MembershipQuerySet, Organization, Right


@dataclass(frozen=True)
class Choices:
    """What is to be done with what a person leaves behind.

    `shown` holds the LeftBehind.names that the person who decides has seen. Nothing else is kept in silence.
    None is for programs, and for people who leave: all is kept, and owners are told.
    """

    end_tokens: bool = False
    revoke_invitations: bool = False
    shown: frozenset[str] | None = None
    successor: str = ""  # the username of a member who becomes an owner in the same step


KEEP_ALL = Choices()
ROWS_AT_ONCE = 1_000  # of one statement


@dataclass
class Going:
    """A locked membership of somebody who goes or loses rights, and the locked invitations by that person."""

    membership: Membership
    user: User | None
    invitations: list[Membership]
    successor: tuple[Membership, User | None] | None = None  # locked as well


def left_by(organization: Organization, user_ids: Iterable[int]) -> LeftBehind:
    """Return the valid tokens and the open invitations that these people made, and whether the contact
    address is one of theirs.
    """
    ids = list(user_ids)
    tokens = organization.tokens.filter(unexpired(), created_by_id__in=ids).order_by("kind")
    invitations = invitations_by(organization, ids).order_by("pk")
    for token in (found := list(tokens)):
        token.organization = organization
    return LeftBehind(
        tokens=found,
        invitations=Listed.of(invitations),
        contact=organization.email if is_theirs(organization.email, ids) else "",
    )


def is_theirs(address: str, user_ids: Iterable[int]) -> bool:
    return bool(User.objects.by_confirmed_email(address).filter(pk__in=user_ids).exists())


def invitations_by(organization: Organization, user_ids: Iterable[int]) -> MembershipQuerySet:
    rows: MembershipQuerySet = organization.memberships.invited()
    return rows.current().filter(invited_by_id__in=user_ids)


def lock_going(organization: Organization, membership_id: int, choices: Choices) -> Going:
    """Lock a membership, that of the successor, and, if they are to be revoked, invitations by its user.

    Raises MembershipGone, SuccessorUnknown.
    """
    found: set[int] = set()
    going = organization.memberships.active().filter(pk=membership_id)
    user_id = going.values_list("user_id", flat=True)
    next_id = None
    if choices.successor:
        next_id = succession.find(organization, choices.successor, leaving=user_id.first()).pk
    if choices.revoke_invitations:
        found = set(invitations_by(organization, user_id).values_list("pk", flat=True))
    wanted = [membership_id] if next_id is None else [membership_id, next_id]
    rows = {row.pk: (row, user) for row, user in lock_memberships(organization, wanted, may_be_gone=found)}
    membership, user = rows.pop(membership_id)
    successor = rows.pop(next_id) if next_id is not None else None
    return Going(membership, user, [row for row, _user in rows.values()], successor)


def hand_over(organization: Organization, going: Going, *, actor: Actor) -> None:
    """Make the successor an owner, where one was named, and tell. The caller holds the locks.

    Only an owner has something to hand over. Raises NoLongerAllowed, and what a successor is refused for.
    """
    if going.successor is None:
        return
    membership, user = going.successor
    if not going.membership.is_owner:
        raise NoLongerAllowed
    if succession.promote(organization, membership, user, actor=actor) and user is not None:
        tell(organization, Change.MADE, [user], actor=actor)


def settle(organization: Organization, going: Going, choices: Choices, *, actor: Actor) -> LeftBehind:
    """End what is to be ended, and return all that there was. The caller holds the locks, and counts.

    Raises NotShown if something would be kept that was not shown.
    """
    if going.user is None or going.membership.is_invited:
        return LeftBehind()
    left = left_by(organization, [going.user.pk])
    check_shown(left, choices, going.user)
    if choices.end_tokens and left.tokens:
        check_right(organization, actor, Right.TOKENS)
        for token in left.tokens:
            token_verbs.end(token, actor=actor)
    if choices.revoke_invitations:
        revoke(organization, going.invitations, actor=actor)
    revoked = [str(row) for row in going.invitations]
    return replace(
        left,
        invitations=Listed(revoked, len(revoked)) if choices.revoke_invitations else left.invitations,
        tokens_ended=choices.end_tokens,
        invitations_revoked=choices.revoke_invitations,
    )


def check_shown(left: LeftBehind, choices: Choices, user: User) -> None:
    if choices.shown is None:
        return
    kept = set() if choices.end_tokens else {token.public_id for token in left.tokens}
    if left.invitations and not choices.revoke_invitations:
        kept.add(INVITATIONS)
    if kept - choices.shown:
        raise NotShown(name=user.username)


def revoke(
    organization: Organization, invitations: Iterable[Membership], *, actor: Actor, **data: Any
) -> None:
    """Delete open invitations whose rows are locked, and record each with these data. The caller counts.

    Somebody who invited a company leaves thousands: they go in a few statements.
    """
    rows = list(invitations)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        Membership.objects.filter(pk__in=[row.pk for row in some]).delete()
    details = [(row.user, {"email": row.email, **data}) for row in rows]
    record_all(Event.INVITATION_REVOKED, organization, details, actor=actor)
