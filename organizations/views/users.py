"""Organization settings > Users: the lists of members and invitations, and the page that invites."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.exceptions import RuleViolation
from accounts.sessions.requests import SignedInRequest
from accounts.web.acting import post_only
from accounts.web.form_pages import add_violation, form_page
from accounts.web.statuses import status_of
from organizations.access.gate import owner_required
from organizations.forms import AddMemberForm, UserFilterForm
from organizations.members import invitations
from organizations.members.keyset import ORDERS, keyset_page, page_links
from organizations.members.search import MOST_FOUND, add_accounts, listed, only_owner_among
from organizations.models import Membership, Organization

PAGE = "organizations:users"
INVITE = "organizations:invite"
DEFAULT_SORT = "name"


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
    shown = listed(organization, **chosen)
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
        "page": page,
        "total": shown.total,
        "most_found": MOST_FOUND,
        "sort": sort,
        "sorts": sort_links(path, query, sort),
        "only_owner": only_owner_among(organization, page.rows, is_whole=is_whole),
        "this_page": request.get_full_path() if request.method == "GET" else path,
        **page_links(page, path, **by_sort),
    }
    return render(request, "organizations/users.html", context, status=status)


def sort_links(path: str, query: dict[str, str], sort: str) -> dict[str, str]:
    """Return the URLs that sort by name, and by the date of joining, newest first; or reverse the present order."""
    others = {"name": "-name", "-joined": "joined"}
    return {
        column: f"{path}?{urlencode({**query, 'sort': others.get(sort, first) if sort == first else first})}"
        for column, first in {"name": "name", "joined": "-joined"}.items()
    }


@require_safe
@owner_required
def invite(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    return invite_page(request, organization, membership, AddMemberForm())


def invite_page(
    request: SignedInRequest, organization: Organization, membership: Membership, form: AddMemberForm
) -> HttpResponse:
    context = {"organization": organization, "membership": membership}
    return form_page(request, "organizations/invite.html", form, **context)


@owner_required
@post_only(INVITE)
def add_member(request: SignedInRequest, organization: Organization, membership: Membership) -> HttpResponse:
    form = AddMemberForm(request.POST)
    if form.is_valid():
        who = form.cleaned_data["username"]
        try:
            invitations.invite(organization, who, actor=request.actor)
        except RuleViolation as error:
            add_violation(form, error, "username")
        else:
            messages.success(
                request, _("You invited %(who)s. The invitation is open for 7 days.") % {"who": who}
            )
            return redirect(f"{reverse(PAGE, args=[organization.name])}?status=invited")
    return invite_page(request, organization, membership, form)


def refused(
    request: SignedInRequest, organization: Organization, membership: Membership, error: RuleViolation
) -> HttpResponse:
    """Render the list with the message of the error."""
    messages.error(request, str(error))
    return users_page(request, organization, membership, status=status_of(error))
