"""The assurance level of a request: fully verified (AAL2), or sudo (step-up)."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from accounts.models import Session
from accounts.sessions.requests import SignedInRequest, SiteRequest
from accounts.web.acting import path_of

SUDO_LIFETIME = timedelta(minutes=5)

P = ParamSpec("P")
View = Callable[Concatenate[SignedInRequest, P], HttpResponse]


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


def sudo_required(page: str) -> Callable[[View[P]], View[P]]:
    """Require sudo. `page` names the URL (with this view's arguments) to which the user returns.

    A POST without sudo returns to that page and is never replayed.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: SignedInRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if has_sudo(request):
                return view(request, *args, **kwargs)
            return redirect_to_sudo(path_of(request, page))

        return cast("View[P]", guarded)

    return decorate


def redirect_to_sudo(next_path: str) -> HttpResponse:
    return redirect(f"{reverse('accounts:sudo')}?{urlencode({'next': next_path})}")
