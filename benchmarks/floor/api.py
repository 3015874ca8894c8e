"""The API of the floor: bare views that read and write the same as the product and return similar responses.

They have no kernel, no gates, no limits and only one audit event; a refusal is an exception.
"""

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from benchmarks.floor.models import Event, Membership, Organization, Token

WITHOUT = Membership.objects.filter(
    organization=OuterRef("organization"), status="active", is_owner=True, two_factor=False
)


def answer(content: Any) -> HttpResponse:
    return HttpResponse(json.dumps(content), content_type="application/vnd.api+json")


def token_of(request: HttpRequest) -> Token:
    text = request.headers["Authorization"].removeprefix("Bearer ")
    return Token.objects.select_related("user").get(token_hash=hashlib.sha256(text.encode()).hexdigest())


def membership_of(token: Token, name: str) -> Membership:
    mine = Membership.objects.select_related("organization").annotate(unenrolled_owner=Exists(WITHOUT))
    return mine.get(organization__name=name, user=token.user, status="active")


def time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def account(request: HttpRequest) -> HttpResponse:
    user = token_of(request).user
    pk = f"user-{user.pk:016}"
    flags = (
        "is-site-admin",
        "is-admin",
        "is-sso-login",
        "is-unified",
        "has-git-hub-app-token",
        "has-linked-hcp",
    )
    attributes = {
        "username": user.username,
        "email": user.email,
        "two-factor": {"enabled": True, "verified": True},
        "is-service-account": False,
        "auth-method": "tfc",
        "avatar-url": None,
        "v2-only": True,
        "unconfirmed-email": None,
        "is-confirmed": True,
        "is-sudo": True,
        "permissions": dict.fromkeys(
            ("change-email", "change-password", "manage-tokens", "manage-sessions"), True
        ),
        **dict.fromkeys(flags, False),
    }
    return answer({"data": {"id": pk, "type": "users", "attributes": attributes, "links": {"self": pk}}})


@csrf_exempt
def organization(request: HttpRequest, name: str) -> HttpResponse:
    token = token_of(request)
    membership = membership_of(token, name)
    found, conformant = membership.organization, not membership.unenrolled_owner  # type: ignore[attr-defined]
    if request.method == "PATCH":
        found = change(token, found.pk, json.loads(request.body)["data"]["attributes"]["email"])
        conformant = not found.membership_set.filter(
            status="active", is_owner=True, two_factor=False
        ).exists()
    attributes = {
        "name": found.name,
        "email": found.email,
        "external-id": f"org-{found.pk:016}",
        "created-at": time(found.created_at),
        "collaborator-auth-policy": found.policy,
        "two-factor-conformant": conformant,
        "session-timeout": found.session_timeout,
        "session-remember": found.session_remember,
        "permissions": dict.fromkeys(("update", "destroy", "traverse", "view-users", "manage-users"), True),
        **dict.fromkeys(OTHERS, False),
    }
    return answer({"data": {"id": name, "type": "organizations", "attributes": attributes}})


OTHERS = tuple(f"what-a-terraform-cloud-has-and-this-has-not-{number}" for number in range(17))


def change(token: Token, pk: int, email: str) -> Organization:
    """Lock, check again, record and write, with the same statements as the product's verb."""
    with transaction.atomic():
        Token.objects.select_for_update(of=("self",)).filter(user__is_active=True).get(pk=token.pk)
        found = Organization.objects.select_for_update().get(pk=pk)
        assert found.membership_set.filter(status="active", is_owner=True, user=token.user).exists()
        Event.objects.create(user=token.user, text=json.dumps({"before": found.email, "after": email}))
        found.email = email
        found.save(update_fields=["email"])
    return found


def memberships(request: HttpRequest, name: str) -> HttpResponse:
    found = membership_of(token_of(request), name).organization
    rows = found.membership_set.filter(status="active").select_related("user").order_by("username", "pk")[:20]
    pagination = {"current-page": 1, "page-size": 20, "total-count": found.members}
    return answer({"data": [resource(row, found) for row in rows], "meta": {"pagination": pagination}})


def resource(row: Membership, organization: Organization) -> dict[str, Any]:
    pk = f"ou-{row.pk:016}"
    return {
        "id": pk,
        "type": "organization-memberships",
        "attributes": {
            "status": row.status,
            "username": row.username,
            "created-at": time(row.created_at),
            "is-org-two-factor-required": None,
            "email": row.user.email,
        },
        "relationships": {
            "teams": {"data": []},
            "user": {"data": {"id": f"user-{row.user_id:016}", "type": "users"}},
            "organization": {"data": {"id": organization.name, "type": "organizations"}},
        },
        "links": {"self": f"/api/v2/organization-memberships/{pk}"},
    }
