"""Lead from an address that only takes forms to the page that has the form.

People get there by a reload after signing in, by a bookmark, or by a form whose session has ended. A POST is
never replayed.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse

from accounts.web.methods import get_or_post
from accounts.web.redirects import safe_next

View = TypeVar("View", bound=Callable[..., HttpResponse])
SHOWING = ("GET", "HEAD")  # methods


class SeeOther(HttpResponseRedirect):
    """A redirect that browsers follow by GET, whatever the request was."""

    status_code = 303


def post_only(page: str) -> Callable[[View], View]:
    """Let the view act on POST. GET and HEAD lead to `page`, the name of the URL that has its form.

    The URL of the page takes the arguments of the view, or fewer.
    """

    def decorate(view: View) -> View:
        @get_or_post
        @wraps(view)
        def acting(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method in SHOWING:
                return SeeOther(page_of(request))
            return view(request, *args, **kwargs)

        acting.page = page  # type: ignore[attr-defined]
        return cast(View, acting)

    return decorate


def page_of(request: HttpRequest) -> str:
    """Return the path of the page that shows the form of this request: its own, unless it is `post_only`.

    A path on this site that the form names in `next` stays with it.
    """
    match = request.resolver_match
    return path_of(request, getattr(match.func, "page", None) if match else None)


def path_of(request: HttpRequest, page: str | None) -> str:
    """Return the path of `page`, the name of a URL; None, or a page that is shown, is the request's own."""
    match = request.resolver_match
    shown = request.method in SHOWING and match is not None and match.view_name == page
    if page is None or shown:
        path = request.get_full_path()
    else:
        path = path_to(page, dict(match.kwargs) if match else {})
    sent = request.POST if request.method == "POST" else request.GET
    next_path = safe_next(request, sent.get("next"), "")
    if next_path and urlsplit(next_path).path == path:
        return next_path  # the page itself, as it was shown: with its filters, for example
    if next_path and not urlsplit(path).query:
        return f"{path}?{urlencode({'next': next_path})}"
    return path


def path_to(page: str, kwargs: dict[str, Any]) -> str:
    """Return the path of the page. An action on one row is on a page whose URL has fewer arguments."""
    while kwargs:
        try:
            return reverse(page, kwargs=kwargs)
        except NoReverseMatch:
            kwargs.popitem()
    return reverse(page)


def redirect_to_sign_in(request: HttpRequest) -> HttpResponseRedirect:
    """Redirect to the sign-in, and from there to the page of the form that was sent, or that was opened."""
    return redirect(f"{reverse('accounts:sign_in')}?{urlencode({'next': page_of(request)}, safe='/')}")
