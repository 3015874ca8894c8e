"""List, show, create and delete memberships and invitations, of an organization and of the caller."""

from collections.abc import Iterable

from django.http import HttpResponse
from django.utils.translation import gettext as _

from accounts.api.endpoint import Call
from accounts.api.errors import forbidden, not_found
from accounts.api.gates import user_token_required
from accounts.fields import AddressField, NameField
from accounts.jsonapi.documents import Resource, document, no_content, respond, to_one
from accounts.jsonapi.errors import ApiError
from accounts.jsonapi.fixed import hold_attributes, hold_relationships
from accounts.jsonapi.pagination import PageRequest, paginate, pagination
from accounts.jsonapi.requests import Document, identifiers
from accounts.models import USERNAME_LENGTH, ApiToken, login_key
from accounts.models.public_ids import row_id
from organizations.access.of_person import OfPerson
from organizations.access.rights import check_user_token
from organizations.api.gate import (
    Access,
    access_to,
    check_right,
    gate_errors,
    is_closed,
    member_required,
    right_required,
)
from organizations.api.resources import membership_resource, team_id, team_resource, user_of
from organizations.exceptions import InvitationGone, NotAMember
from organizations.members import invitations, memberships
from organizations.members.lists import MemberList
from organizations.models import Membership, Organization, Right

KIND = "organization-memberships"
TEAMS = "/data/relationships/teams"
# What only the server can say of a new invitation.
OF_AN_INVITATION = {"status": "invited", "created-at": None, "is-org-two-factor-required": None}
EMAIL = AddressField()
USERNAME = NameField(max_length=USERNAME_LENGTH)


# --- Of an organization ---


@member_required
def index(call: Call, access: Access) -> HttpResponse:
    """List members and invitations; without Right.MEMBERS, the names of members only (AP-14)."""
    wanted = call.includes("user", "teams")
    asked, private = call.request.GET, access.may(Right.MEMBERS)
    found = MemberList(
        access.organization,
        private=private,
        status=asked.get("filter[status]", ""),
        q=asked.get("q", ""),
        addresses=[text for text in asked.get("filter[email]", "").split(",") if text],
    )
    page = PageRequest.of(call.request)
    rows = found.page(page)
    built = pagination(call.request, page, found.total, after=found.cursor(rows))
    built["meta"]["status-counts"] = found.status_counts
    built["meta"]["incomplete-results"] = not found.is_complete
    own = {row.pk: is_own(call, row) for row in rows}
    listed = [membership_resource(row, private=private, own=own[row.pk]) for row in rows]
    people = [user_of(row, private=private, own=own[row.pk]) for row in rows] if "user" in wanted else []
    teams = teams_of(access, rows) if "teams" in wanted else []
    return respond(document(listed, included=people + teams, **built))


def is_own(call: Call, membership: Membership) -> bool:
    """Return whether it belongs to the caller, or is an invitation to an address the caller has confirmed."""
    if not isinstance(call.token, ApiToken):
        return False
    user = call.user
    if membership.user_id is None:
        return user.email_confirmed and membership.email == login_key(user.email)
    return membership.user_id == user.pk


def teams_of(access: Access, rows: list[Membership]) -> list[Resource]:
    if not access.sees_team or not any(row.is_owner for row in rows):
        return []
    return [
        team_resource(access, list(access.organization.memberships.owners().order_by("username_key", "pk")))
    ]


@right_required(Right.MEMBERS)
def create(call: Call, access: Access) -> HttpResponse:
    """Invite a person by email address or by username (D24)."""
    sent = call.document(KIND)
    by_name = not sent.attributes.get("email") and sent.has("username")
    hold_attributes(sent, OF_AN_INVITATION | ({} if by_name else {"username": None}))
    hold_relationships(sent, {"organization": to_one("organizations", access.organization.name), "user": {}})
    who = sent.text("username", USERNAME) if by_name else sent.text("email", EMAIL)
    if by_name and "@" in who:
        sent.fail("username", _("That is an email address, not a username."))
    sent.check()
    check_teams(sent, access.organization)
    invitation = invitations.invite(access.organization, who, actor=call.actor)
    return respond(
        document(membership_resource(invitation, private=True), included=[user_of(invitation)]), status=201
    )


def check_teams(sent: Document, organization: Organization) -> None:
    """Raise 422 if the invitation names a team: only members can be in the one team that there is."""
    teams = sent.relationships.get("teams")
    data = teams.get("data") if isinstance(teams, dict) else teams
    ids = identifiers([] if data is None else data, pointer=TEAMS, kinds=("teams",))
    if team_id(organization) in ids:
        raise ApiError(422, "invalid relationship", str(NotAMember()), pointer=TEAMS)
    if ids:
        raise ApiError(422, "invalid relationship", _("There is no such team."), pointer=TEAMS)


# --- Of the caller, and by id ---


@user_token_required
def mine(call: Call) -> HttpResponse:
    """List the caller's memberships, also of organizations closed to the token, and open invitations."""
    wanted = call.includes("user", "teams")
    shown, links_and_meta = paginate(call.request, OfPerson(call.user))
    for row in shown:
        if row.user_id is not None:  # no invitation to an address
            row.user = call.user
    listed = [membership_resource(row, own=True) for row in shown]
    people = [user_of(row, own=True) for row in shown] if "user" in wanted else []
    teams = own_teams(call, shown) if "teams" in wanted else []
    return respond(document(listed, included=people + teams, **links_and_meta))


def own_teams(call: Call, rows: Iterable[Membership]) -> list[Resource]:
    """Return the owners' teams that the caller is in, except of organizations closed to the token."""
    owned = [row for row in rows if row.is_owner and not is_closed(call.user, row.organization)]
    owners: dict[int, list[Membership]] = {}
    everybody = Membership.objects.owners().filter(organization__in=[row.organization_id for row in owned])
    for owner in everybody.order_by("username_key", "pk"):
        owners.setdefault(owner.organization_id, []).append(owner)
    accesses = [Access(row.organization, membership=row) for row in owned]
    return [team_resource(access, owners.get(access.organization.pk, [])) for access in accesses]


def show(call: Call, membership_id: str) -> HttpResponse:
    """Show a membership to its own person, and to callers with Right.MEMBERS."""
    wanted = call.includes("user", "teams")
    membership = found(membership_id)
    own = is_own(call, membership)
    access = None  # an invited person has no access to the organization yet
    if own and membership.is_invited:
        if membership.is_expired:
            raise not_found()
        with gate_errors():
            check_user_token(membership.organization, call.token)
    else:
        access = access_to(call, membership.organization)
        if not own:
            check_right(call, access, Right.MEMBERS)
    included = [user_of(membership, private=True, own=own)] if "user" in wanted else []
    if access and "teams" in wanted:
        included += teams_of(access, [membership])
    return respond(document(membership_resource(membership, private=not own, own=own), included=included))


def found(membership_id: str) -> Membership:
    """Return the membership with this public id. Raises 404. The caller has to check who may see it."""
    pk = row_id("ou", membership_id)
    rows = Membership.objects.select_related("organization", "user")
    membership = None if pk is None else rows.filter(pk=pk).first()
    if membership is None:
        raise not_found()
    return membership


def delete(call: Call, membership_id: str) -> HttpResponse:
    """Remove a member or revoke an invitation; if it is the caller's own, leave or decline."""
    membership = found(membership_id)
    with gate_errors():
        if is_own(call, membership):
            end_own(call, membership)
        else:
            end_other(call, membership)
    return no_content()


def end_own(call: Call, membership: Membership) -> None:
    check_user_token(membership.organization, call.token)
    call.check_body()
    if not membership.is_invited:
        if membership.is_owner:
            raise forbidden(_("Owners can't remove themselves. Leave the owners team first."))
        memberships.leave(membership.organization, user=call.user, actor=call.actor)
        return
    try:
        invitations.decline(membership.pk, user=call.user, actor=call.actor)
    except InvitationGone as error:
        raise not_found() from error


def end_other(call: Call, membership: Membership) -> None:
    access = access_to(call, membership.organization)
    check_right(call, access, Right.MEMBERS)
    if membership.is_owner:  # changing owners takes sudo (D6)
        check_right(call, access, Right.OWNERS, sudo=True)
    call.check_body()
    memberships.remove(access.organization, membership.pk, owner_too=membership.is_owner, actor=call.actor)
