"""Where one is signed in, and which browsers need no second factor: seen and ended."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.audit import Actor
from accounts.exceptions import SessionEnded
from accounts.sessions import overview, remembered
from accounts.sessions.assurance import signed_in_user, sudo_required
from accounts.sessions.store import session_of

PAGE = "accounts:sessions"


@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    user, own = signed_in_user(request), session_of(request).row
    if own is None:
        raise SessionEnded
    entries = overview.open_sessions(user, own)
    context = {
        "entries": entries[: overview.MOST_SHOWN],
        "number": len(entries),
        "remembered": overview.remembered_browsers(request, user),
    }
    return render(request, "accounts/sessions.html", context)


@require_POST
@sudo_required(page=PAGE)
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    return end(request, session_id)


@require_POST
@sudo_required(page=PAGE)
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    return end(request)


def end(request: HttpRequest, only: int | None = None) -> HttpResponse:
    number = overview.end_elsewhere(
        signed_in_user(request), session=session_of(request), actor=Actor.of(request), only=only
    )
    if number:
        done = ngettext("%(n)s session was ended.", "%(n)s sessions were ended.", number)
        messages.success(request, done % {"n": number})
    else:
        messages.info(request, _("There was nothing to end any more."))
    return redirect(PAGE)


@require_POST
@sudo_required(page=PAGE)
def forget_browser(request: HttpRequest, browser_id: int) -> HttpResponse:
    return forget(request, browser_id)


@require_POST
@sudo_required(page=PAGE)
def forget_browsers(request: HttpRequest) -> HttpResponse:
    return forget(request)


def forget(request: HttpRequest, only: int | None = None) -> HttpResponse:
    hashes = remembered.forget(signed_in_user(request), actor=Actor.of(request), only=only)
    if hashes:
        messages.success(request, _("From now on a code is asked for there again."))
    else:
        messages.info(request, _("That browser was not remembered any more."))
    response = redirect(PAGE)
    remembered.drop(request, response, hashes)
    return response
