"""What becomes of what a person holds in organizations when their account is deactivated.

The interface is accounts.users.deactivation.Holdings. Locks are taken in this order: the
organizations here, then all users at once by the verb, then memberships, then counts.
"""

from argparse import ArgumentParser
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from accounts.audit import Actor
from accounts.models import User, login_key
from accounts.users.deactivation import Locked
from accounts.users.reasons import in_one_line
from organizations import tokens as token_verbs
from organizations.announcements import INVITATIONS, Change, LeftBehind, tell
from organizations.events import Event, record
from organizations.exceptions import (
    AccountDeactivated,
    HoldingsChanged,
    NotShown,
    SuccessorMissing,
    SuccessorNotNeeded,
    SuccessorUnknown,
)
from organizations.listed import NAMES_SHOWN, Listed, listing
from organizations.members import succession
from organizations.members.holdings import (
    Decision,
    decided,
    fields_for,
    held_by,
    invitations_by,
    names_of,
    owned_alone,
    successor_field_name,
    tokens_by,
)
from organizations.members.left_behind import revoke
from organizations.models import (
    Membership,
    Organization,
    OrganizationCounts,
    confirmed_address,
)

__all__ = ["add_arguments", "decided", "decided_by_options", "fields_for", "held_by", "lock", "settle"]


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--successor",
        action="append",
        default=[],
        metavar="ORGANIZATION=USERNAME",
        help="the next owner of an organization that the person owns alone; can be repeated",
    )
    parser.add_argument(
        "--without-successor",
        default="",
        metavar="TEXT",
        help="why the others of these have no owner from now on; recorded",
    )
    parser.add_argument("--end-tokens", action="store_true", help="delete their tokens of organizations")
    parser.add_argument(
        "--withdraw-invitations", action="store_true", help="withdraw the open invitations that they sent"
    )


def decided_by_options(user: User, options: Mapping[str, Any]) -> Decision:
    """Return what the command has decided. Raises SuccessorUnknown, SuccessorNotNeeded."""
    successors = {}
    for text in options["successor"]:
        name, _equals, username = text.partition("=")
        organization = owned_alone(user).filter(pk__in=Organization.objects.named(name)).first()
        if organization is None:
            raise SuccessorNotNeeded(name=user.username, organization=name)
        if not username:
            raise SuccessorUnknown(name=username, organization=name)
        successors[organization.pk] = username
    return Decision(
        successors=successors,
        without=options["without_successor"],
        end_tokens=options["end_tokens"],
        withdraw=options["withdraw_invitations"],
    )


def lock(user: User, decision: Decision | None) -> Locked:
    """Lock the organizations that anything is about; `state` has their ids.

    All that they own are locked: of two owners who are deactivated at once, the second finds no other.
    """
    in_order = Organization.objects.filter(pk__in=concerned(user)).order_by("pk")
    locked = {row.pk: row for row in in_order.select_for_update(no_key=True)}
    decision = decision or Decision()
    people = {
        found_for(locked[pk], name, user).user_id for pk, name in decision.successors.items() if pk in locked
    }
    if decision.withdraw:
        people |= set(invitations_by(user).values_list("user_id", flat=True))
    return Locked(people={pk for pk in people if pk is not None}, state=set(locked))


def concerned(user: User) -> set[int]:
    """Return the ids of the organizations that the user owns, or has made something for."""
    return {
        *Organization.objects.owned_by(user).values_list("pk", flat=True),
        *tokens_by(user).values_list("organization_id", flat=True),
        *invitations_by(user).values_list("organization_id", flat=True),
    }


def found_for(organization: Organization, name: str, user: User) -> Membership:
    """Return the membership of a successor. Raises SuccessorUnknown, which names the field of a form."""
    try:
        return succession.find(organization, name, leaving=user.pk)
    except SuccessorUnknown as error:
        error.fields = (successor_field_name(organization),)
        raise


def settle(user: User, decision: Decision | None, locked: set[int], *, actor: Actor) -> list[str]:
    """Carry it out: new owners, tokens, invitations; tell owners and members. The account is inactive now.

    Raises HoldingsChanged, NotShown, SuccessorMissing, and what a successor may be refused for.
    """
    decision = decision or Decision()
    if concerned(user) - locked:
        raise HoldingsChanged(name=user.username)
    if not all(decision.has_shown(name) for name in kept(user, decision)):
        raise NotShown(name=user.username)
    told = hand_over(list(owned_alone(user).order_by("pk")), user, decision, actor=actor)
    withdrawn = end_and_tell(user, decision, actor=actor)
    for pk in sorted(withdrawn):
        OrganizationCounts.objects.add([pk], invited=-withdrawn[pk])
    return told


def kept(user: User, decision: Decision) -> set[str]:
    """Return the names of what would stay as it is."""
    names = names_of(user)
    tokens = set() if decision.end_tokens else names - {INVITATIONS}
    return tokens | (set() if decision.withdraw else names & {INVITATIONS})


def hand_over(alone: Iterable[Organization], user: User, decision: Decision, *, actor: Actor) -> list[str]:
    """Make successors owners, and record why others have none; return what superusers are told.

    Raises SuccessorMissing, ReasonTooLong, SuccessorUnknown, AccountDeactivated, NewOwnerNotEnrolled.
    """
    told, missing, without = [], [], in_one_line(decision.without)
    for organization in alone:
        if name := decision.successors.get(organization.pk, ""):
            successor = appoint(organization, name, user, actor=actor)
            words = {"name": successor.username, "organization": organization.name}
            told.append(_("%(name)s now owns the organization %(organization)s.") % words)
        elif without and decision.has_shown(successor_field_name(organization)):
            record(Event.LEFT_OWNERLESS, organization, actor=actor, user=user, reason=without)
            succession.tell_members(organization, gone=user.username)
            words = {"organization": organization.name, "reason": without}
            told.append(_("The organization %(organization)s has no active owner: %(reason)s") % words)
        else:
            missing.append(organization.name)
    if missing:
        raise SuccessorMissing(names=listing(missing))
    return told


def appoint(organization: Organization, name: str, user: User, *, actor: Actor) -> User:
    """Make a member the owner in the place of this user, and tell everybody. The locks are held.

    Raises SuccessorUnknown, AccountDeactivated, NewOwnerNotEnrolled.
    """
    found = found_for(organization, name, user)
    membership = Membership.objects.select_for_update(no_key=True).get(pk=found.pk)
    successor: User = User.objects.get(pk=membership.user_id)  # its lock is held
    if not succession.promote(organization, membership, successor, actor=actor):
        raise AccountDeactivated(name=successor.username)  # of an owner: an active one would be a second
    tell(organization, Change.MADE, [successor], actor=actor)
    succession.tell_members(organization, gone=user.username, successor=successor.username)
    return successor


def end_and_tell(user: User, decision: Decision, *, actor: Actor) -> dict[int, int]:
    """End what is to be ended, and tell the owners of each organization, also what stays.

    Return how many invitations were withdrawn, by the ids of organizations.
    """
    memberships = Membership.objects.active().filter(user=user).select_related("organization")
    roles = {row.organization_id: row for row in memberships}
    organizations = {row.organization_id: row.organization for row in memberships}
    tokens, invitations = (
        list(tokens_by(user)),
        list(invitations_by(user).select_related("organization", "user")),
    )
    organizations |= {token.organization_id: token.organization for token in tokens}
    organizations |= {row.organization_id: row.organization for row in invitations}
    withdrawn = {}
    for pk, organization in sorted(organizations.items()):
        left = LeftBehind(
            tokens=[token for token in tokens if token.organization_id == pk],
            invitations=listed([row for row in invitations if row.organization_id == pk]),
            contact=organization.email if login_key(organization.email) == confirmed_address(user) else "",
            tokens_ended=decision.end_tokens,
            invitations_revoked=decision.withdraw,
        )
        if pk in roles:
            is_owner = roles[pk].is_owner
            tell(organization, Change.DEACTIVATED, [user], actor=actor, were_owners=is_owner, left=left)
        elif left.ended:
            tell(organization, Change.UNCHANGED, [user], actor=actor, were_owners=False, left=left)
        if decision.end_tokens:
            for token in left.tokens:
                token_verbs.end(token, actor=actor)
        if decision.withdraw and left.invitations:
            theirs = [row for row in invitations if row.organization_id == pk]
            revoke(organization, theirs, actor=actor)
            withdrawn[pk] = len(theirs)
    return withdrawn


def listed(invitations: list[Membership]) -> Listed:
    return Listed([str(row) for row in invitations[:NAMES_SHOWN]], len(invitations))
