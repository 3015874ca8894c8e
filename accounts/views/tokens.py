"""User Settings > Tokens: create, list and revoke API tokens."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_safe

from accounts.exceptions import RuleViolation
from accounts.fields import LIFETIMES, NEVER
from accounts.forms import TokenForm
from accounts.models import DESCRIPTION_LENGTH
from accounts.sessions.assurance import (
    asks_for_sudo,
    has_sudo,
    is_fully_verified,
    redirect_to_sudo,
    sudo_required,
)
from accounts.sessions.requests import SignedInRequest
from accounts.tokens import issuing as verbs
from accounts.web.acting import post_only
from accounts.web.form_pages import add_violation, form_page
from accounts.web.keyset import MOST_COUNTED, NEWEST_FIRST, counted, keyset_page, page_links

PAGE = "accounts:tokens"
TERRAFORM = "terraform-login"  # the `source` in the URL that `terraform login` opens


@asks_for_sudo(gettext_lazy("generate a token"), back=PAGE)
@require_safe
def tokens(request: SignedInRequest) -> HttpResponse:
    """Show the tokens and the form. `terraform login` asks for sudo first: one click then shows the token."""
    source = source_of(request.GET.get("source"))
    if source and not has_sudo(request):
        return redirect_to_sudo(request.get_full_path())
    return tokens_page(request, TokenForm(initial=prefilled(request, source)), source)


def tokens_page(request: SignedInRequest, form: TokenForm, source: str) -> HttpResponse:
    rows = verbs.of_user(request.user)
    number = counted(rows)
    page = keyset_page(rows, request.GET, NEWEST_FIRST, number)
    return form_page(
        request,
        "accounts/tokens.html",
        form,
        page=page,
        total=number,
        most_counted=MOST_COUNTED,
        source=source,
        **page_links(page, reverse(PAGE)),
    )


@post_only(PAGE)
@asks_for_sudo(gettext_lazy("generate a token"))
@sensitive_variables("secret")
def create_token(request: SignedInRequest) -> HttpResponse:
    """Create a token; only this response shows the secret (docs/decisions/0005)."""
    source = source_of(request.POST.get("source"))
    if not has_sudo(request):  # not sudo_required: the page must return with the form as it was filled in
        return redirect_to_sudo(page_with(request, source), form=request.path)
    form = TokenForm(request.POST)
    if form.is_valid():
        try:
            token, secret = verbs.create(
                request.user,
                description=form.cleaned_data["description"],
                expires_at=form.cleaned_data["expires"],
                verified=is_fully_verified(request),
                actor=request.actor,
            )
        except RuleViolation as error:
            add_violation(form, error)
        else:
            return render(
                request, "accounts/token.html", {"token": token, "secret": secret, "source": source}
            )
    return tokens_page(request, form, source)


@post_only(PAGE)
@sudo_required(page=PAGE, to=gettext_lazy("revoke a token"))
def revoke_token(request: SignedInRequest, token_id: int) -> HttpResponse:
    token = verbs.revoke(request.user, token_id, actor=request.actor)
    if token is None:
        messages.info(request, _("That token no longer exists."))
    else:
        messages.success(request, _("The token was revoked. It no longer works."))
    return redirect(PAGE)


def source_of(text: str | None) -> str:
    return TERRAFORM if text == TERRAFORM else ""


def prefilled(request: SignedInRequest, source: str) -> dict[str, str]:
    asked = {"description": request.GET.get("description"), "expires": request.GET.get("expires")}
    usual = {"description": "terraform login", "expires": "30"} if source else {}
    if source and asked["expires"] == NEVER:  # a link must not lead to a token without expiry in one click
        del asked["expires"]
    return usual | {name: value for name, value in asked.items() if value}


def page_with(request: SignedInRequest, source: str) -> str:
    """Return the URL of the page that fills in the form as it was sent."""
    query = {"source": source, "description": request.POST.get("description", "")[:DESCRIPTION_LENGTH]}
    if (expires := request.POST.get("expires", "")) in (*LIFETIMES, NEVER):
        query["expires"] = expires
    return f"{reverse(PAGE)}?{urlencode({name: value for name, value in query.items() if value})}"
