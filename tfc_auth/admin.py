"""Serve the admin site to staff with a session verified by a second factor (D14). It has no sign-in.

`AdminSite.get_urls` puts one guard around every page below `/admin/`, whether it comes from this site, from
Django or from an application. No other place decides who may enter.
"""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from django.apps import apps
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from accounts.models import User
from accounts.sessions.assurance import asks_for_sudo, has_sudo, is_fully_verified, redirect_to_sudo
from accounts.sessions.requests import SiteRequest
from accounts.web.admin_parts import NOTHING
from accounts.web.redirects import safe_next

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

# The site has its own pages for signing out and for passwords, with its own rules.
HIDDEN_VIEWS = {"logout", "password_change", "password_change_done"}
READING = ("GET", "HEAD", "OPTIONS")  # methods


class AdminSite(admin.AdminSite):
    site_header = gettext_lazy("Site admin")
    site_title = settings.SITE_NAME
    index_title = gettext_lazy("Overview")
    enable_nav_sidebar = False  # the navigation of base_site.html leaves lists the width of the page
    empty_value_display = NOTHING

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return (
            isinstance(user, User)
            and user.is_active
            and user.is_staff
            and is_fully_verified(cast(SiteRequest, request))
        )

    @method_decorator([login_not_required, never_cache])
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Redirect to the index or to the missing proof: a form here could skip a factor."""
        next_path = safe_next(request, request.GET.get("next"), reverse("admin:index"))
        return (
            redirect(next_path)
            if self.has_permission(request)
            else redirect_to_missing_proof(request, next_path)
        )

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show what there is of one application. Raises PermissionDenied if they may see nothing of it."""
        if not self.get_app_list(request, app_label):
            raise PermissionDenied
        words = {"title": apps.get_app_config(app_label).verbose_name}
        return super().app_index(request, app_label, words | (extra_context or {}))

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show what there is, and a search for the person who asks for help."""
        users: Any = self._registry[User]
        found: dict[str, Any] = {}
        if users.has_view_permission(request):
            found = {
                "find_url": reverse("admin:accounts_user_changelist"),
                "find_help": users.search_help_text,
            }
        return super().index(request, found | (extra_context or {}))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return Django's list, with what each page of it is for."""
        found = super().get_app_list(request, app_label)
        for app in found:
            app["models"].sort(key=lambda model: getattr(self._registry[model["model"]], "position", 1))
            for model in app["models"]:
                model["about"] = getattr(self._registry[model["model"]], "about", "")
                model["model_name"] = model["model"]._meta.model_name
        return found

    def get_urls(self) -> list[URLPattern | URLResolver]:
        urls = [url for url in super().get_urls() if getattr(url, "name", None) not in HIDDEN_VIEWS]
        self.guard([url for url in urls if getattr(url, "name", None) != "login"])
        return urls

    def guard(self, urls: list[URLPattern | URLResolver]) -> None:
        """Put the guard around the view of each of these patterns, and of those below them."""
        for url in urls:
            if isinstance(url, URLResolver):
                self.guard(url.url_patterns)
            else:
                url.callback = self.guarded(url.callback)

    def guarded(self, view: View) -> View:
        """Require staff with a verified session; for anything but reading, require sudo as well (D6).

        Like everywhere, a POST without sudo returns to its page and is never replayed.
        """

        def guard(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not self.has_permission(request):
                return redirect_to_missing_proof(request, request.get_full_path())
            if request.method not in READING and not has_sudo(cast(SiteRequest, request)):
                return redirect_to_sudo(request.get_full_path())
            try:
                return view(request, *args, **kwargs)
            except PermissionDenied:
                return self.forbidden(request)

        asks_for_sudo(gettext_lazy("use the admin site"))(guard)
        return cast(View, update_wrapper(guard, view))

    def forbidden(self, request: HttpRequest) -> HttpResponse:
        """Say that a permission is missing, and that a superuser can give it. (Elsewhere an owner can.)"""
        context = {**self.each_context(request), "title": _("No permission")}
        return render(request, "admin/403.html", context, status=403)


def redirect_to_missing_proof(request: HttpRequest, next_path: str) -> HttpResponse:
    """Redirect to the proof that this user lacks. Raises PermissionDenied unless they are staff."""
    user = request.user
    query = urlencode({"next": next_path})
    if not isinstance(user, User):
        return redirect(f"{reverse('accounts:sign_in')}?{query}")
    if not user.is_staff:
        raise PermissionDenied
    if not user.is_enrolled:
        messages.info(request, _("The admin site needs two-factor authentication. Set it up first."))
        return redirect(f"{reverse('accounts:two_factor')}?{query}")
    return redirect_to_sudo(next_path)
