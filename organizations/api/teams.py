"""Show and change the owners' team, the only team of an organization (D23)."""

from collections.abc import Callable, Iterable
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from accounts.api.endpoint import Call
from accounts.jsonapi.documents import Resource, document, no_content, respond
from accounts.jsonapi.errors import ApiError
from accounts.jsonapi.pagination import paginate
from accounts.jsonapi.requests import identifiers
from accounts.models import login_key
from accounts.models.public_ids import row_id
from organizations.api.gate import Access, member_required, team_required
from organizations.api.resources import OWNERS, is_placeholder, membership_resource, team_resource, user_of
from organizations.members import memberships
from organizations.members.lists import checked_status
from organizations.models import Membership, MembershipQuerySet, Organization, Right

INCLUDES = ("users", "organization-memberships")
USERS, MEMBERSHIPS = "users", "organization-memberships"

Verb = Callable[..., Any]


@member_required
def index(call: Call, access: Access) -> HttpResponse:
    wanted = call.includes(*INCLUDES)
    asked = call.request.GET
    # One official client repeats the parameter, others send a comma-separated list.
    names = [name for text in asked.getlist("filter[names]") for name in text.lower().split(",") if name]
    named = asked.get("q", "").lower() in OWNERS and (not names or OWNERS in names)
    found = [access.organization] if access.sees_team and named else []
    shown, links_and_meta = paginate(call.request, found, always=True)
    owners = owners_of(access) if shown else []
    teams = [team_resource(access, owners) for _organization in shown]
    return respond(document(teams, included=included(access, owners, wanted), **links_and_meta))


def ordered_owners(access: Access) -> MembershipQuerySet:
    owners: MembershipQuerySet = access.organization.memberships.owners()
    return owners.select_related("user").order_by("username_key", "pk")


def owners_of(access: Access) -> list[Membership]:
    """Return all owners: the team is a document that names them all, as in Terraform Cloud."""
    found = list(ordered_owners(access))
    for owner in found:
        owner.organization = access.organization
    return found


def included(access: Access, owners: list[Membership], wanted: Iterable[str]) -> list[Resource]:
    private = access.may(Right.MEMBERS)
    found: list[Resource] = []
    if USERS in wanted:
        found += [user_of(owner, private=private) for owner in owners]
    if MEMBERSHIPS in wanted:
        found += [membership_resource(owner, private=private) for owner in owners]
    return found


@team_required()
def show(call: Call, access: Access) -> HttpResponse:
    wanted = call.includes(*INCLUDES)
    owners = owners_of(access)
    return respond(document(team_resource(access, owners), included=included(access, owners, wanted)))


@team_required()
def list_memberships(call: Call, access: Access) -> HttpResponse:
    status = checked_status(call.request.GET.get("filter[status]", ""))
    some = status in ("", Membership.Status.ACTIVE)
    people = call.request.GET.get("filter[is_service_account]") != "true"
    owners = ordered_owners(access) if some and people else access.organization.memberships.none()
    shown, links_and_meta = paginate(call.request, owners, always=True)
    for row in shown:
        row.organization = access.organization
    private = access.may(Right.MEMBERS)
    return respond(document([membership_resource(row, private=private) for row in shown], **links_and_meta))


@team_required(Right.OWNERS, sudo=True)
def add_users(call: Call, access: Access) -> HttpResponse:
    return change(call, access, USERS, memberships.make_owners)


@team_required(Right.OWNERS, sudo=True)
def remove_users(call: Call, access: Access) -> HttpResponse:
    return change(call, access, USERS, memberships.unmake_owners)


@team_required(Right.OWNERS, sudo=True)
def add_memberships(call: Call, access: Access) -> HttpResponse:
    return change(call, access, MEMBERSHIPS, memberships.make_owners)


@team_required(Right.OWNERS, sudo=True)
def remove_memberships(call: Call, access: Access) -> HttpResponse:
    return change(call, access, MEMBERSHIPS, memberships.unmake_owners)


def change(call: Call, access: Access, kind: str, verb: Verb) -> HttpResponse:
    """Apply a verb to all memberships that were sent, or to none."""
    body = call.body if isinstance(call.body, dict) else {}
    sent = identifiers(body.get("data"), pointer="/data", kinds=(kind,))
    find = members_by_user if kind == USERS else members_by_id
    verb(access.organization, find(access.organization, sent), actor=call.actor)
    return no_content()


def members_by_user(organization: Organization, sent: list[str]) -> list[int]:
    """Return membership ids by usernames or user ids. Text in the form of an id is an id. Raises 422.

    So is the id of a placeholder: a user with that name is not the invited person.
    """
    ids = {text: pk for text in sent if (pk := row_id("user", text)) is not None}
    names = {text: login_key(text) for text in sent if text not in ids and not is_placeholder(text)}
    members = organization.memberships.active()
    by_id = dict(members.filter(user__in=ids.values()).values_list("user_id", "pk"))
    by_name = dict(members.filter(username_key__in=names.values()).values_list("username_key", "pk"))
    found = {text: by_id.get(pk) for text, pk in ids.items()}
    found |= {text: by_name.get(key) for text, key in names.items()}
    return [member_or_422(found.get(text), text) for text in dict.fromkeys(sent)]


def members_by_id(organization: Organization, sent: list[str]) -> list[int]:
    pks = {text: row_id("ou", text) for text in sent}
    known = organization.memberships.filter(pk__in=[pk for pk in pks.values() if pk is not None])
    found = set(known.values_list("pk", flat=True))
    return [member_or_422(pk if pk in found else None, text) for text, pk in pks.items()]


def member_or_422(pk: int | None, text: str) -> int:
    if pk is None:
        detail = _("“%(name)s” isn't a member of this organization.") % {"name": text[:50]}
        raise ApiError(422, "invalid relationship", detail, pointer="/data")
    return pk
