"""The assurance level of a request: fully verified (AAL2), or sudo (step-up), and what sudo is asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, ResolverMatch, resolve, reverse
from django.utils import timezone
from django.utils.functional import Promise

from accounts.models import ANY_METHOD, Level, Session
from accounts.sessions.requests import SignedInRequest, SiteRequest
from accounts.web.acting import path_of, path_to

SUDO_LIFETIME = timedelta(minutes=5)
LEVEL = "level"  # in its address: the level of the methods that it asks for
FORM = "for"  # in the address of the page that asks: the address of the form that was refused

P = ParamSpec("P")
View = Callable[Concatenate[SignedInRequest, P], HttpResponse]
AnyView = TypeVar("AnyView", bound=Callable[..., Any])


def is_fully_verified(request: SiteRequest) -> bool:
    """Return whether this session itself passed a second factor, not only by a remembered browser."""
    row = request.session.row
    if row is None or row.user_id is None or row.verified_at is None:
        return False
    return row.factor != Session.REMEMBERED


def has_sudo(request: SiteRequest) -> bool:
    """Return whether the last proof is less than five minutes old: by second factor if enrolled (D6)."""
    row = request.session.row
    if row is None or row.user is None or row.proved_at is None:
        return False
    age = timezone.now() - row.proved_at
    if not timedelta(0) <= age < SUDO_LIFETIME:
        return False
    return row.verified_at is not None or not row.user.is_enrolled


def asks_for_sudo(to: str | Promise, *, back: str = "") -> Callable[[AnyView], AnyView]:
    """Note on a view for what it has people prove again who they are, for the page that asks.

    `to` is the end of a sentence ("reveal your backup codes"). `back` names the URL to which Cancel leads
    from a view that does not even show its page without sudo.
    """

    def decorate(view: AnyView) -> AnyView:
        view.sudo_to, view.sudo_back = to, back  # type: ignore[attr-defined]
        return view

    return decorate


def sudo_required(page: str, to: str | Promise, *, back: str = "") -> Callable[[View[P]], View[P]]:
    """Require sudo. `page` names the URL (with this view's arguments) to which the user returns.

    A POST without sudo returns to that page and is never replayed. See `asks_for_sudo` for `to` and `back`.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: SignedInRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if has_sudo(request):
                return view(request, *args, **kwargs)
            return redirect_to_sudo(path_of(request, page), form=sent_form(request))

        return cast("View[P]", asks_for_sudo(to, back=back)(guarded))

    return decorate


def sent_form(request: HttpRequest) -> str:
    """Return the address of the form that this request sends, or "" if it sends none."""
    return request.path if request.method == "POST" else ""


def redirect_to_sudo(next_path: str, *, form: str = "", level: int = ANY_METHOD) -> HttpResponse:
    """Redirect to the page that asks for a proof, and from there to `next_path`.

    `form` is the address of the form that was refused without it: the pages say what it is for. With a level,
    the page asks for methods of this level only.
    """
    query = {"next": next_path} | ({FORM: form} if form else {})
    query |= {LEVEL: str(int(level))} if level > ANY_METHOD else {}
    return redirect(f"{reverse('accounts:sudo')}?{urlencode(query)}")


@dataclass(frozen=True)
class Reason:
    """What a proof is asked for."""

    next_path: str  # the page that comes after it
    form: str  # the address of the form that was refused without it, or ""
    to: str  # "reveal your backup codes", or "" if nobody knows
    cancel: str  # the path to which Cancel leads
    level: Level = Level.NONE  # what the proof must have, at least


def reason_of(next_path: str, form: str, level: str = "") -> Reason:
    """Return for what the person is asked. `form` and `level` are from the address: they may be anything."""
    shown, acting = match_of(next_path), match_of(form)
    to = getattr(acting.func, "sudo_to", "") if acting else ""
    form = form if to else ""
    if not to and shown:
        to = getattr(shown.func, "sudo_to", "")
    back = getattr(shown.func, "sudo_back", "") if shown else ""
    if shown and back:
        cancel = path_to(back, dict(shown.kwargs))
    else:  # who sent a form has seen its page
        cancel = next_path if form else reverse("organizations:home")
    least = next((known for known in Level if str(known.value) == level), Level.NONE)
    return Reason(next_path=next_path, form=form, to=str(to), cancel=cancel, level=least)


def match_of(path: str) -> ResolverMatch | None:
    """Return the route of a path of this site, or None."""
    try:
        return resolve(urlsplit(path).path) if path else None
    except Resolver404:
        return None
