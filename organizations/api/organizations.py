"""List, show, create, update and delete organizations."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from accounts.api.endpoint import Call
from accounts.api.errors import forbidden
from accounts.api.gates import check_sudo, has_sudo
from accounts.jsonapi.documents import Resource, document, no_content, respond
from accounts.jsonapi.fixed import hold_attributes, hold_relationships
from accounts.jsonapi.pagination import paginate
from accounts.jsonapi.requests import Document
from accounts.models import ApiToken
from organizations import lifecycle
from organizations.api import requirement
from organizations.api.features import (
    entitlement_set_resource,
    project_resource,
    subscription_resource,
)
from organizations.api.gate import (
    Access,
    access_by_name,
    access_of,
    check_right,
    member_required,
    own_memberships,
    right_required,
)
from organizations.api.resources import organization_resource
from organizations.api.switches import ANY_FLAG_AT_CREATION, MADE_HERE, SENT_ONLY, SHOWN
from organizations.exceptions import CreationNotAllowed
from organizations.forms.fields import LONGEST_ADDRESS, ContactField, NameField
from organizations.lifecycle import Changes
from organizations.models import Organization, OrganizationToken, Right
from organizations.policy.exceptions import SessionOutOfRange
from organizations.policy.user_sessions import check_length

KIND = "organizations"
# The includes of Terraform Cloud's API.
INCLUDES: dict[str, Callable[[Organization], Resource]] = {
    "entitlement_set": entitlement_set_resource,
    "subscription": subscription_resource,
    "default-project": project_resource,
}
CHANGEABLE = (
    "name",
    "email",
    *requirement.CHANGEABLE,
    "session-timeout",
    "session-remember",
    "user-tokens-enabled",
)
RELATIONSHIPS = ("default-agent-pool", "default-project", "subscription")  # to nothing, here
NAME, EMAIL = NameField(), ContactField(max_length=LONGEST_ADDRESS)


def index(call: Call) -> HttpResponse:
    """List the caller's organizations: all of them, unless the request asks for a page."""
    wanted = call.includes(*INCLUDES)
    shown, links_and_meta = page_of_organizations(call)
    return respond(
        document(
            [organization_resource(access) for access in shown],
            included=[one for access in shown for one in included(access.organization, wanted)],
            **links_and_meta,
        )
    )


def page_of_organizations(call: Call) -> tuple[list[Access], dict[str, Any]]:
    """Return a page of the organizations that the token gives access to, and its links and meta."""
    if isinstance(call.token, OrganizationToken):
        own = Organization.objects.filter(matches(call.request), pk=call.token.organization_id)
        organizations, links_and_meta = paginate(call.request, own.select_related("counts"))
        return [Access(organization, token=call.token) for organization in organizations], links_and_meta
    rows, links_and_meta = paginate(
        call.request, own_memberships(call).filter(matches(call.request, "organization__"))
    )
    return [access_of(row, call.user) for row in rows], links_and_meta


def matches(request: HttpRequest, prefix: str = "") -> Q:
    """Return the condition for organizations that match `q`, `q[name]` and `q[email]`, ignoring case."""
    name, email = f"{prefix}name__icontains", f"{prefix}email__icontains"
    condition = Q()
    for parameter, fields in {"q": (name, email), "q[name]": (name,), "q[email]": (email,)}.items():
        text = request.GET.get(parameter, "")
        if len(text) > LONGEST_ADDRESS:  # longer than any, and SQLite fails on it
            return Q(pk__in=[])
        if text:
            condition &= reduce(or_, (Q(**{field: text}) for field in fields))
    return condition


def included(organization: Organization, wanted: Iterable[str]) -> list[Resource]:
    return [INCLUDES[name](organization) for name in INCLUDES if name in wanted]


@member_required
def show(call: Call, access: Access) -> HttpResponse:
    wanted = call.includes(*INCLUDES)
    return respond(document(organization_resource(access), included=included(access.organization, wanted)))


@member_required
def entitlement_set(call: Call, access: Access) -> HttpResponse:
    return respond(document(entitlement_set_resource(access.organization)))


def create(call: Call) -> HttpResponse:
    if not isinstance(call.token, ApiToken):
        raise forbidden(_("This needs a personal token."))
    sent = call.document(KIND)
    name, email = sent.text("name", NAME), sent.text("email", EMAIL)
    changes = read_guarded(sent)
    hold_attributes(sent, SHOWN | SENT_ONLY | MADE_HERE, but=ANY_FLAG_AT_CREATION)
    for switch in filter(sent.has, ANY_FLAG_AT_CREATION):
        sent.flag(switch)
    hold_relationships(sent, {name: {} for name in RELATIONSHIPS})
    sent.check()
    if differing(Organization(), changes):
        check_sudo(call)
    try:
        organization = lifecycle.create_organization(
            name, email, owner=call.user, actor=call.actor, changes=changes
        )
    except CreationNotAllowed as error:
        raise forbidden(_("Creation of organizations has been disabled for non-admins.")) from error
    entitlements = entitlement_set_resource(organization)
    access = access_by_name(call, organization.name)
    return respond(document(organization_resource(access), included=[entitlements]), status=201)


@right_required(Right.USER_TOKENS)
def update(call: Call, access: Access) -> HttpResponse:
    """Change every attribute that was sent, or none. A dry run answers with what would happen."""
    organization = access.organization
    rehearsing = requirement.is_dry_run(call.request)
    sent = call.document(KIND, public_id=organization.name)
    if sent.has("name") and sent.attributes["name"] != organization.name:
        sent.fail("name", _("The name of an organization can't be changed."))
    changes = read_guarded(sent, organization)
    if sent.has("email"):
        changes["email"] = sent.text("email", EMAIL)
    present = organization_resource(access)
    hold_attributes(sent, present["attributes"] | SENT_ONLY, but=CHANGEABLE)
    hold_relationships(sent, present["relationships"])
    sent.check()
    if rehearsing:
        check_right(call, access, Right.SETTINGS, sudo=True)
        return respond(document(requirement.rehearsal_resource(organization, changes)))
    changes = allowed(call, access, changes)
    changed = lifecycle.change_organization(organization, changes, actor=call.actor)
    return respond(document(organization_resource(replace(access, organization=changed, conformant=None))))


def allowed(call: Call, access: Access, changes: Changes) -> Changes:
    """Return the changes that this token may make. Raises 403 if one of the others would change something.

    What is equal now is left out, if it takes more than the token has: a concurrent change must not turn it
    into a change.
    """
    real = differing(access.organization, changes)
    if not access.may(Right.SETTINGS):
        if real - {"user_tokens_enabled"}:
            check_right(call, access, Right.SETTINGS)
        if real:
            check_right(call, access, Right.USER_TOKENS, sudo=True)
        return Changes(user_tokens_enabled=changes["user_tokens_enabled"]) if real else Changes()
    if not has_sudo(call):
        if real - {"email"}:
            check_sudo(call)
        return Changes(email=changes["email"]) if "email" in changes else Changes()
    return changes


def differing(organization: Organization, changes: Changes) -> set[str]:
    """Return the names of the fields that would get another value."""
    return {name for name, value in changes.items() if getattr(organization, name) != value}


def read_guarded(sent: Document, organization: Organization | None = None) -> Changes:
    """Return the sent attributes whose change takes sudo (D6). Errors are recorded in `sent`."""
    changes = requirement.read_requirement(sent, organization)
    if sent.has("session-timeout"):
        changes["session_timeout"] = minutes(sent, "session-timeout")
    if sent.has("session-remember"):
        changes["session_remember"] = minutes(sent, "session-remember")
    if sent.has("user-tokens-enabled"):
        changes["user_tokens_enabled"] = bool(sent.flag("user-tokens-enabled"))
    return changes


def minutes(sent: Document, name: str) -> int | None:
    value = sent.integer(name)
    try:
        check_length(value)
    except SessionOutOfRange as error:
        sent.fail(name, str(error))
    return value


@right_required(Right.SETTINGS, sudo=True)
def delete(call: Call, access: Access) -> HttpResponse:
    call.check_body()
    lifecycle.delete_organization(access.organization, actor=call.actor)
    return no_content()
