"""User Settings > Sessions: list and end sessions, list and forget remembered browsers."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from accounts.exceptions import SessionEnded
from accounts.sessions import caps, ending, overview, remembered
from accounts.sessions.assurance import sudo_required
from accounts.sessions.requests import SignedInRequest
from accounts.web.acting import post_only
from accounts.web.numbered import number_links, page_number, page_of_list

PAGE = "accounts:sessions"
SHOWN = 10  # of each list on a page
BROWSERS = "browsers"  # the number of the page of remembered browsers, in the query


@require_safe
def sessions(request: SignedInRequest) -> HttpResponse:
    """Show a page of the sessions, and one of the remembered browsers: each has a number of its own."""
    user, own = request.user, request.session.row
    if own is None:
        raise SessionEnded
    number, browsers_number = page_number(request), page_number(request, BROWSERS)
    page = page_of_list(overview.open_sessions(user, own), number, SHOWN)
    browsers = page_of_list(remembered.remembered_browsers(user), browsers_number, SHOWN)
    path = reverse(PAGE)
    at = {"page": number, BROWSERS: browsers_number}
    query = {name: str(place) for name, place in at.items() if place > 1}
    context = {
        "entries": [overview.SignedInBrowser.of(row, own) for row in page.rows],
        "page": page,
        "links": number_links(page, path, query),
        "remembered": overview.remembered_entries(request, user, browsers.rows),
        "browsers": browsers,
        "browsers_links": number_links(browsers, path, query, BROWSERS),
        "most_sessions": caps.MOST_SESSIONS,
        "most_remembered": caps.MOST_REMEMBERED,
    }
    return render(request, "accounts/sessions.html", context)


@post_only(PAGE)
@sudo_required(page=PAGE, to=gettext_lazy("end a session"))
def end_session(request: SignedInRequest, session_id: int) -> HttpResponse:
    return end(request, session_id)


@post_only(PAGE)
@sudo_required(page=PAGE, to=gettext_lazy("end your other sessions"))
def end_other_sessions(request: SignedInRequest) -> HttpResponse:
    return end(request)


def end(request: SignedInRequest, only: int | None = None) -> HttpResponse:
    number = ending.end_elsewhere(request.user, session=request.session, actor=request.actor, only=only)
    if number:
        done = ngettext("%(n)s session was ended.", "%(n)s sessions were ended.", number)
        messages.success(request, done % {"n": number})
    else:
        messages.info(request, _("Those sessions had already ended."))
    return redirect(PAGE)


@post_only(PAGE)
@sudo_required(page=PAGE, to=gettext_lazy("forget a browser"))
def forget_browser(request: SignedInRequest, browser_id: int) -> HttpResponse:
    return forget(request, browser_id)


@post_only(PAGE)
@sudo_required(page=PAGE, to=gettext_lazy("forget your remembered browsers"))
def forget_browsers(request: SignedInRequest) -> HttpResponse:
    return forget(request)


def forget(request: SignedInRequest, only: int | None = None) -> HttpResponse:
    hashes = remembered.forget(request.user, actor=request.actor, only=only)
    if hashes:
        done = ngettext(
            "That browser will be asked for a code again.",
            "Those browsers will be asked for a code again.",
            len(hashes),
        )
        messages.success(request, done)
    else:
        messages.info(request, _("That browser was no longer remembered."))
    response = redirect(PAGE)
    remembered.drop_tokens(request, response, hashes)
    return response
