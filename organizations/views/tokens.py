"""Organization settings > API Tokens: the organization's own token, and that of its owners' team."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_safe

from accounts.forms import ExpiryForm
from accounts.sessions.assurance import is_fully_verified, sudo_required
from accounts.sessions.requests import SignedInRequest
from accounts.web.acting import post_only
from organizations import tokens as verbs
from organizations.access.gate import owner_required
from organizations.announcements import is_owner, maker_of
from organizations.models import Membership, Organization, OrganizationToken

PAGE = "organizations:tokens"
Kind = OrganizationToken.Kind


@require_safe
@owner_required
def tokens(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    return tokens_page(request, organization, membership)


def tokens_page(
    request: SignedInRequest,
    organization: Organization,
    membership: Membership,
    refused: dict[Kind, ExpiryForm] | None = None,
) -> HttpResponse:
    found = {token.kind: token for token in organization.tokens.all()}
    sections = {
        f"{kind.value}_section": {
            "token": found.get(kind),
            "maker": maker_shown(found.get(kind)),
            "form": (refused or {}).get(kind) or ExpiryForm(auto_id=f"id_{kind.value}_%s"),
        }
        for kind in Kind
    }
    context: dict[str, Any] = {"organization": organization, "membership": membership, **sections}
    context["form"] = next(iter((refused or {}).values()), None)  # the title tells of its mistakes
    return render(request, "organizations/tokens.html", context, status=422 if refused else 200)


def maker_shown(token: OrganizationToken | None) -> dict[str, Any]:
    """Return the name of the person who made a token, and whether that is a present owner."""
    if token is None:
        return {}
    return {"name": maker_of(token), "owns": is_owner(token.organization, token.created_by_id)}


@owner_required
@post_only(PAGE)
@sudo_required(page=PAGE, to=gettext_lazy("generate a token"))
@sensitive_variables("secret")
def create_token(
    request: SignedInRequest, organization: Organization, membership: Membership, kind: str
) -> HttpResponse:
    """Create a token and show its secret in this response only (docs/decisions/0005)."""
    chosen = kind_or_404(kind)
    form = ExpiryForm(request.POST, auto_id=f"id_{kind}_%s")
    if not form.is_valid():
        return tokens_page(request, organization, membership, {chosen: form})
    token, secret = verbs.replace(
        organization,
        chosen,
        expires_at=form.cleaned_data["expires"],
        verified=is_fully_verified(request),
        actor=request.actor,
    )
    context = {"organization": organization, "membership": membership, "token": token, "secret": secret}
    return render(request, "organizations/token.html", context)


@owner_required
@post_only(PAGE)
@sudo_required(page=PAGE, to=gettext_lazy("delete a token"))
def delete_token(
    request: SignedInRequest, organization: Organization, membership: Membership, kind: str
) -> HttpResponse:
    chosen = kind_or_404(kind)
    still_open = verbs.sent_with(verbs.of_kind(organization, chosen)).number
    if verbs.revoke(organization, chosen, actor=request.actor) is None:
        messages.info(request, _("That token no longer exists."))
        return redirect(PAGE, organization.name)
    messages.success(request, _("The token was deleted. It no longer works."))
    if still_open:
        words = ngettext(
            "%(n)s invitation that was sent with it is still open. It is listed under Users, Invited.",
            "%(n)s invitations that were sent with it are still open. They are listed under Users, Invited.",
            still_open,
        )
        messages.warning(request, words % {"n": still_open})
    return redirect(PAGE, organization.name)


def kind_or_404(slug: str) -> Kind:
    if slug not in Kind.values:
        raise Http404
    return Kind(slug)
