"""Organization settings > Users: the lists of members and invitations, and what owners do to one of them."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.exceptions import RuleViolation
from accounts.sessions.assurance import asks_for_sudo, has_sudo, redirect_to_sudo, sent_form
from accounts.sessions.requests import SignedInRequest
from accounts.web.form_pages import add_violation
from accounts.web.keyset import keyset_page, page_links
from accounts.web.methods import get_or_post
from accounts.web.redirects import safe_next
from accounts.web.statuses import status_of
from organizations.access.gate import owner_required
from organizations.exceptions import MembershipGone, NotShown
from organizations.forms.members import AddMemberForm, RemovalForm, UserFilterForm
from organizations.members import memberships, succession
from organizations.members.left_behind import Choices, left_by
from organizations.members.orders import DEFAULT_SORT, ORDERS, sort_links
from organizations.members.search import MOST_FOUND, add_accounts, listed, only_owner_among
from organizations.models import Membership, Organization

PAGE = "organizations:users"


@require_safe
@owner_required
def users(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    return users_page(request, organization, membership)


def users_page(
    request: SignedInRequest, organization: Organization, membership: Membership, status: int = 200
) -> HttpResponse:
    """Render one page of a list, with the addresses of members: for owners only (AP-14)."""
    filters = UserFilterForm(request.GET)
    filters.is_valid()
    chosen = filters.cleaned_data
    showing_invited = chosen.get("status") == Membership.Status.INVITED
    sort = request.GET.get("sort", "")
    sort = sort if sort in ORDERS and not showing_invited else DEFAULT_SORT
    shown = listed(organization, ORDERS[sort], **chosen)
    page = keyset_page(shown.rows, request.GET, ORDERS[sort], shown.total)
    add_accounts(page.rows)
    path = reverse(PAGE, args=[organization.name])
    is_whole = not (page.before or page.after or any(chosen.values()))
    query = {name: str(value) for name, value in chosen.items() if value}
    by_sort = query | ({} if sort == DEFAULT_SORT else {"sort": sort})
    context = {
        "organization": organization,
        "membership": membership,
        "filters": filters,
        "form": AddMemberForm(),
        "showing_invited": showing_invited,
        "required": organization.required_level,
        "page": page,
        "total": shown.total,
        "most_counted": MOST_FOUND,
        "sort": sort,
        "sorts": sort_links(path, query, sort),
        "only_owner": only_owner_among(organization, page.rows, is_whole=is_whole),
        "this_page": request.get_full_path() if request.method == "GET" else path,
        **page_links(page, path, **by_sort),
    }
    return render(request, "organizations/users.html", context, status=status)


@get_or_post
@owner_required
@asks_for_sudo(gettext_lazy("make a member an owner"), back=PAGE)
def make_owner(
    request: SignedInRequest, organization: Organization, membership: Membership, membership_id: int
) -> HttpResponse:
    """Show what an owner can do, and let the owner decide; then make the member one. Takes sudo (D6)."""
    row = organization.memberships.active().filter(pk=membership_id).first()
    asks = request.method != "POST"
    if asks and row is None:
        return refused(request, organization, membership, MembershipGone())
    if asks and row is not None and row.is_owner:
        messages.info(request, _("%(name)s is already an owner.") % {"name": row})
        return redirect(PAGE, organization.name)
    if not has_sudo(request):
        return redirect_to_sudo(request.get_full_path(), form=sent_form(request))
    if asks:
        return decision_page(
            request,
            "organizations/promotion.html",
            organization,
            membership,
            row=row,
            required=organization.required_level,
        )
    done = _("%(name)s is now an owner.")
    return act(request, organization, membership, membership_id, memberships.make_owner, done)


@get_or_post
@owner_required
@asks_for_sudo(gettext_lazy("change who owns the organization"), back=PAGE)
def unmake_owner(
    request: SignedInRequest, organization: Organization, membership: Membership, membership_id: int
) -> HttpResponse:
    row = organization.memberships.active().filter(pk=membership_id).first()
    if row is not None and not row.is_owner and request.method != "POST":
        messages.info(request, _("%(name)s is no longer an owner.") % {"name": row})
        return redirect(PAGE, organization.name)
    done = _("%(name)s is no longer an owner.")
    return ask_first(request, organization, membership, row, memberships.unmake_owner, done)


@get_or_post
@owner_required
@asks_for_sudo(gettext_lazy("remove a member"), back=PAGE)
def remove_member(
    request: SignedInRequest, organization: Organization, membership: Membership, membership_id: int
) -> HttpResponse:
    """Remove a member, or revoke an invitation, which needs no page that asks: it can be sent again."""
    row = organization.memberships.filter(pk=membership_id).first()
    done = _("%(name)s has been removed.")
    if row is not None and row.is_invited:
        if request.method == "POST":
            return act(request, organization, membership, membership_id, memberships.remove, done)
        return redirect(f"{reverse(PAGE, args=[organization.name])}?status=invited")
    verb = memberships.remove_owner if row and row.is_owner else memberships.remove
    return ask_first(request, organization, membership, row, verb, done)


def ask_first(
    request: SignedInRequest,
    organization: Organization,
    membership: Membership,
    row: Membership | None,
    verb: Callable[..., Membership],
    done: str,
) -> HttpResponse:
    """Show what the person leaves behind, and let the owner decide; then apply the verb.

    Changing owners and ending tokens takes sudo (D6), which leads back to the page that asks.
    """
    if row is None or row.user_id is None:
        return refused(request, organization, membership, MembershipGone())
    data = request.POST if request.method == "POST" else None
    form = RemovalForm(left_by(organization, [row.user_id]), data, is_owner=row.is_owner)
    if (row.is_owner or form.left.tokens) and not has_sudo(request):
        return redirect_to_sudo(request.get_full_path(), form=sent_form(request))
    if request.method != "POST" or not form.is_valid():
        return asking_page(request, organization, membership, row, form)
    try:
        changed = verb(organization, row.pk, actor=request.actor, choices=Choices(**form.choices))
    except NotShown as error:
        fresh = RemovalForm(left_by(organization, [row.user_id]), is_owner=row.is_owner)
        return asking_page(request, organization, membership, row, fresh, error)
    except succession.REFUSALS as error:
        add_violation(form, error, "successor")
        return asking_page(request, organization, membership, row, form)
    except RuleViolation as error:
        return refused(request, organization, membership, error)
    messages.success(request, done % {"name": changed})
    if form.cleaned_data.get("end_tokens"):
        messages.success(request, _("The tokens that %(name)s created were deleted.") % {"name": changed})
    return back(request, organization, membership, changed)


def asking_page(
    request: SignedInRequest,
    organization: Organization,
    membership: Membership,
    row: Membership,
    form: RemovalForm,
    error: RuleViolation | None = None,
) -> HttpResponse:
    match = request.resolver_match
    return decision_page(
        request,
        "organizations/removal.html",
        organization,
        membership,
        status=422 if error or form.errors else 200,
        row=row,
        form=form,
        error=error,
        suggested=succession.suggestions(organization, row.user_id) if row.is_owner else [],
        removing=match is not None and match.url_name == "remove_member",
        others=[token for token in organization.tokens.all() if token.created_by_id != row.user_id],
    )


def decision_page(
    request: SignedInRequest,
    template: str,
    organization: Organization,
    membership: Membership,
    status: int = 200,
    **context: object,
) -> HttpResponse:
    """Render a page that asks. `next` is the page of the list that led to it."""
    sent = request.POST if request.method == "POST" else request.GET
    next_path = safe_next(request, sent.get("next"), reverse(PAGE, args=[organization.name]))
    context |= {"organization": organization, "membership": membership, "next": next_path}
    return render(request, template, context, status=status)


def act(
    request: SignedInRequest,
    organization: Organization,
    membership: Membership,
    membership_id: int,
    verb: Callable[..., Membership],
    done: str,
) -> HttpResponse:
    """Apply a verb to the membership of a row, and redirect to the page that showed the row."""
    try:
        changed = verb(organization, membership_id, actor=request.actor)
    except RuleViolation as error:
        return refused(request, organization, membership, error)
    messages.success(request, done % {"name": changed})
    return back(request, organization, membership, changed)


def back(
    request: SignedInRequest, organization: Organization, membership: Membership, changed: Membership
) -> HttpResponse:
    """Redirect to the page that showed the row of `changed`, or home if they changed their own role."""
    if changed.user_id == membership.user_id:  # they may have lost access to the page
        return redirect("organizations:home")
    return redirect(safe_next(request, request.POST.get("next"), reverse(PAGE, args=[organization.name])))


def refused(
    request: SignedInRequest, organization: Organization, membership: Membership, error: RuleViolation
) -> HttpResponse:
    """Render the list with the message of the error."""
    messages.error(request, str(error))
    return users_page(request, organization, membership, status=status_of(error))
