"""List, create, show and revoke the user's own tokens."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from accounts.api.endpoint import Call
from accounts.api.errors import not_found
from accounts.api.gates import check_sudo, user_token_required
from accounts.api.resources import token_resource
from accounts.fields import DescriptionField
from accounts.jsonapi.documents import document, no_content, respond
from accounts.jsonapi.fixed import hold_attributes
from accounts.jsonapi.pagination import paginate
from accounts.jsonapi.requests import Document
from accounts.models import ApiToken
from accounts.models.public_ids import row_id
from accounts.tokens import issuing
from accounts.tokens.issuing import Expiry

KINDS = ("authentication-tokens", "authentication-token")
DESCRIPTION = DescriptionField(required=False)
# What only the server can say of a new token.
MADE_HERE = dict.fromkeys(("created-at", "last-used-at", "token"))


@user_token_required
def index(call: Call, user_id: str) -> HttpResponse:
    """List the caller's own tokens, newest first. Other users' lists are empty, as in Terraform Cloud."""
    found = issuing.of_user(call.user) if is_caller(call, user_id) else ApiToken.objects.none()
    shown, links_and_meta = paginate(call.request, found)
    return respond(document([token_resource(token) for token in shown], **links_and_meta))


@user_token_required
def create(call: Call, user_id: str) -> HttpResponse:
    if not is_caller(call, user_id):
        raise not_found()
    check_sudo(call)
    sent: Document = call.document(*KINDS)
    description, wanted = sent.text("description", DESCRIPTION), sent.moment("expired-at")
    hold_attributes(sent, MADE_HERE)
    sent.check()
    expiry = expiry_of(call, wanted)
    token, secret = issuing.create(call.user, description=description, expires_at=expiry.at, actor=call.actor)
    return respond(document(token_resource(token, secret=secret), meta=notices_of(expiry)), 201)


def expiry_of(call: Call, wanted: datetime | None) -> Expiry:
    """Return when a token that this call makes is to expire."""
    return issuing.usual_expiry(actor=call.actor) if wanted is None else Expiry(wanted)


def notices_of(expiry: Expiry) -> dict[str, Any]:
    """Return the `meta` of a token that was made: it says what the caller did not ask for."""
    if not expiry.shortened:
        return {}
    detail = _("This token expires together with the token that created it.")
    return {"notices": [{"detail": detail, "source": {"pointer": "/data/attributes/expired-at"}}]}


@user_token_required
def show(call: Call, public_id: str) -> HttpResponse:
    return respond(document(token_resource(own_token(call, public_id))))


@user_token_required
def delete(call: Call, public_id: str) -> HttpResponse:
    """Revoke a token of the caller. A token needs no sudo to revoke itself."""
    token = own_token(call, public_id)
    if token != call.token:
        check_sudo(call)
    call.check_body()
    if issuing.revoke(call.user, token.pk, actor=call.actor) is None:
        raise not_found()
    return no_content()


def is_caller(call: Call, user_id: str) -> bool:
    return row_id("user", user_id) == call.user.pk


def own_token(call: Call, public_id: str) -> ApiToken:
    pk = row_id("at", public_id)
    token = call.user.api_tokens.filter(pk=pk).first() if pk is not None else None
    if token is None:
        raise not_found()
    return token
