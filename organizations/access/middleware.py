"""Redirect browsers that the two-factor policy of an organization locks out."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.sessions.assurance import redirect_to_sudo
from accounts.sessions.requests import SignedInRequest
from accounts.web.redirects import safe_next
from organizations.access.gate import missing_level
from organizations.exceptions import TwoFactorRequired
from organizations.models import Organization


class TwoFactorRequiredMiddleware:
    """Redirect a refused user to the page that helps, and from there back to the page they asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: SignedInRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, TwoFactorRequired):
            return None
        wanted = wanted_page(request, exception.organization)
        if not missing_level(request.user, exception.organization):
            return redirect_to_sudo(wanted, level=exception.organization.required_level)
        page = reverse("organizations:locked_out", args=[exception.organization.name])
        return redirect(f"{page}?{urlencode({'next': wanted})}")


def wanted_page(request: HttpRequest, organization: Organization) -> str:
    """Return the page that was requested, or the organization's home: a POST is never replayed."""
    home = reverse("organizations:detail", args=[organization.name])
    if request.method not in ("GET", "HEAD"):
        return home
    return safe_next(request, request.get_full_path(), home)
