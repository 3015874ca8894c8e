"""Serve the admin site to staff with a session verified by a second factor (D14). It has no sign-in."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from accounts.models import User
from accounts.sessions.assurance import is_fully_verified, redirect_to_sudo
from accounts.sessions.requests import SiteRequest
from accounts.web.redirects import safe_next

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

# The site has its own pages for signing out and for passwords, with its own rules.
HIDDEN_VIEWS = {"logout", "password_change", "password_change_done"}


class AdminSite(admin.AdminSite):
    site_header = gettext_lazy("Site administration")
    site_title = settings.SITE_NAME
    index_title = gettext_lazy("Overview")

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return (
            isinstance(user, User)
            and user.is_active
            and user.is_staff
            and is_fully_verified(cast(SiteRequest, request))
        )

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if self.has_permission(request):
                return inner(request, *args, **kwargs)
            return redirect_to_missing_proof(request, request.get_full_path())

        return cast(View, update_wrapper(guarded, inner))

    @method_decorator([login_not_required, never_cache])
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Redirect to the index or to the missing proof: a form here could skip a factor."""
        next_path = safe_next(request, request.GET.get("next"), reverse("admin:index"))
        return (
            redirect(next_path)
            if self.has_permission(request)
            else redirect_to_missing_proof(request, next_path)
        )

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [url for url in super().get_urls() if getattr(url, "name", None) not in HIDDEN_VIEWS]


def redirect_to_missing_proof(request: HttpRequest, next_path: str) -> HttpResponse:
    """Redirect to the proof that this user lacks. Raises PermissionDenied unless they are staff."""
    user = request.user
    query = urlencode({"next": next_path})
    if not isinstance(user, User):
        return redirect(f"{reverse('accounts:sign_in')}?{query}")
    if not user.is_staff:
        raise PermissionDenied
    if not user.is_enrolled:
        messages.info(request, _("The site administration needs two-factor authentication. Set it up first."))
        return redirect(f"{reverse('accounts:two_factor')}?{query}")
    return redirect_to_sudo(next_path)
