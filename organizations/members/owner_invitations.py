"""Make somebody an owner who was invited as one, on accepting; or say why that is not possible yet (D24)."""

from django.utils.translation import gettext as _

from accounts import outbox
from accounts.audit import Actor
from accounts.exceptions import RuleViolation
from accounts.models import ANY_METHOD, User
from organizations.access.rights import LARGEST_ID
from organizations.announcements import Change, owners_of, tell
from organizations.members.succession import promote
from organizations.models import Membership, Organization
from organizations.policy.exceptions import NewOwnerNotEnrolled
from organizations.policy.two_factor import check_new_owner


def make_invited_owner(
    organization: Organization, membership: Membership, user: User, *, actor: Actor
) -> None:
    """Make a member an owner by the rules of `make_owners`; else tell the owners that it is left to them.

    The caller holds the locks of organization and user, and has written the membership.
    """
    try:
        is_made = promote(organization, membership, user, actor=actor, invited=True)
    except NewOwnerNotEnrolled:
        outbox.notify_all(
            owners_of(organization),
            "organization_owner_waits",
            organization_name=organization.name,
            person=user.username,
            app_only=organization.required_level > ANY_METHOD,
        )
        return
    if is_made:
        tell(organization, Change.JOINED, [user], actor=actor)


def why_no_owner(organization: Organization, user: User) -> str:
    """Return why somebody who is invited as an owner would join as a member, in a sentence, or ""."""
    try:
        check_new_owner(organization, user)
    except RuleViolation:
        return _(
            "You're invited as an owner. You haven't set up the two-factor authentication that owners of "
            "%(name)s need, so you join as a member. Once you have set it up, another owner can make you an "
            "owner."
        ) % {"name": organization.name}
    return ""


def was_invited_as_owner(invitation_id: int, user: User) -> bool:
    """Return whether this is an open invitation of the user that is meant to make an owner of them."""
    rows = Membership.objects.invited().of_person(user)
    return rows.filter(pk=min(invitation_id, LARGEST_ID), invited_as_owner=True).exists()
