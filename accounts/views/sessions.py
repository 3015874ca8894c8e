"""User Settings > Sessions: list and end sessions, list and forget remembered browsers."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from accounts.exceptions import SessionEnded
from accounts.sessions import caps, ending, overview, remembered
from accounts.sessions.assurance import sudo_required
from accounts.sessions.requests import SignedInRequest
from accounts.web.acting import post_only

PAGE = "accounts:sessions"
SHOWN = 10  # of each list at first


@require_safe
def sessions(request: SignedInRequest) -> HttpResponse:
    user, own = request.user, request.session.row
    if own is None:
        raise SessionEnded
    entries = overview.open_sessions(user, own)
    context = {
        "entries": entries,
        "remembered": overview.remembered_entries(request, user),
        "most_sessions": caps.MOST_SESSIONS,
        "most_remembered": caps.MOST_REMEMBERED,
        "head": f":{SHOWN}",  # slices of both lists: the page folds the rest away
        "tail": f"{SHOWN}:",
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
