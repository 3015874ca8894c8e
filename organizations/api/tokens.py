"""Show, create and delete the tokens of an organization and of its owners' team: at most one of each."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from accounts.api.endpoint import Call
from accounts.api.errors import not_found
from accounts.api.resources import token_resource
from accounts.api.tokens import expiry_of, notices_of
from accounts.jsonapi.documents import API, Resource, document, no_content, respond, to_one
from accounts.jsonapi.errors import invalid_parameter
from accounts.jsonapi.fixed import hold_attributes
from accounts.jsonapi.requests import Document
from organizations import tokens
from organizations.api.gate import Access, right_required, team_required
from organizations.models import OrganizationToken, Right

Kind = OrganizationToken.Kind
# What only the server can say of a new token. These have no descriptions.
MADE_HERE = {"created-at": None, "description": "", "last-used-at": None, "token": None}
NOTHING: tuple[Any, ...] = (None, {}, {"data": None})  # bodies of clients without attributes


@right_required(Right.TOKENS)
def show(call: Call, access: Access) -> HttpResponse:
    check_which(call)
    return show_kind(call, access, Kind.ORGANIZATION)


@right_required(Right.TOKENS, sudo=True)
def create(call: Call, access: Access) -> HttpResponse:
    check_which(call)
    return create_kind(call, access, Kind.ORGANIZATION)


@right_required(Right.TOKENS, sudo=True)
def delete(call: Call, access: Access) -> HttpResponse:
    check_which(call)
    return delete_kind(call, access, Kind.ORGANIZATION)


@team_required(Right.TOKENS)
def show_of_team(call: Call, access: Access) -> HttpResponse:
    return show_kind(call, access, Kind.OWNERS)


@team_required(Right.TOKENS, sudo=True)
def create_of_team(call: Call, access: Access) -> HttpResponse:
    return create_kind(call, access, Kind.OWNERS)


@team_required(Right.TOKENS, sudo=True)
def delete_of_team(call: Call, access: Access) -> HttpResponse:
    return delete_kind(call, access, Kind.OWNERS)


def check_which(call: Call) -> None:
    """Raise 400 for `?token=`, which selects another kind of token in Terraform Cloud."""
    if call.request.GET.get("token"):
        detail = _("An organization has only one token here. There is no “%(name)s”.")
        name = call.request.GET["token"][:50]
        raise invalid_parameter("token", detail % {"name": name})


def show_kind(call: Call, access: Access, kind: Kind) -> HttpResponse:
    token = tokens.of_kind(access.organization, kind)
    if token is None:
        raise not_found()
    return respond(document(resource_of(token)))


def create_kind(call: Call, access: Access, kind: Kind) -> HttpResponse:
    expiry = expiry_of(call, expiry_sent(call))
    token, secret = tokens.replace(access.organization, kind, expires_at=expiry.at, actor=call.actor)
    return respond(document(resource_of(token, secret), meta=notices_of(expiry)), 201)


def expiry_sent(call: Call) -> datetime | None:
    """Return when the token is to expire, or None. Clients send any type, or no body at all."""
    if call.body in NOTHING:
        return None
    sent: Document = call.document()
    expires_at = sent.moment("expired-at")
    hold_attributes(sent, MADE_HERE)
    sent.check()
    return expires_at


def delete_kind(call: Call, access: Access, kind: Kind) -> HttpResponse:
    call.check_body()
    if tokens.revoke(access.organization, kind, actor=call.actor) is None:
        raise not_found()
    return no_content()


def resource_of(token: OrganizationToken, secret: str | None = None) -> Resource:
    kind, public_id = token.belongs_to
    path = f"{API}/{kind}/{public_id}/authentication-token"
    relationships = {"team": to_one(kind, public_id)} if kind == "teams" else {}
    return token_resource(token, path=path, secret=secret, relationships=relationships)
