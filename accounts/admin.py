"""The admin site: read-only lists of users and events, and a few actions on accounts. Each runs a verb."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import admin as auth_admin  # noqa: F401  registers groups, which mean nothing here
from django.contrib.auth.models import Group
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.audit import Actor
from accounts.exceptions import RuleViolation
from accounts.forms import ReasonForm, RightsForm
from accounts.models import AuditEvent, User
from accounts.two_factor import removal
from accounts.users import administration
from accounts.web.form_pages import add_violation
from accounts.web.read_only_admin import ReadOnlyAdmin

admin.site.unregister(Group)


@dataclass(frozen=True)
class Action:
    """One action on an account: a form to confirm it, and the verb that it runs."""

    label: Promise
    explanation: Promise
    applies_to: Callable[[User], bool]
    form: type[forms.Form]
    run: Callable[..., None]  # called with (user, *, actor, and the fields of the form)


ACTIONS: dict[str, Action] = {
    "disable-two-factor": Action(
        label=gettext_lazy("Disable two-factor"),
        explanation=gettext_lazy(
            "The app and the backup codes are removed and every session of the user ends. The password alone "
            "opens the account then. Make sure who is asking. The user gets a mail with the reason."
        ),
        applies_to=lambda user: user.is_enrolled,
        form=ReasonForm,
        run=removal.disable,
    ),
    "deactivate": Action(
        label=gettext_lazy("Deactivate"),
        explanation=gettext_lazy(
            "Nobody can sign in to the account until it is activated again. "
            "The user gets a mail with the reason."
        ),
        applies_to=lambda user: user.is_active,
        form=ReasonForm,
        run=administration.deactivate,
    ),
    "reactivate": Action(
        label=gettext_lazy("Activate"),
        explanation=gettext_lazy("The user can sign in again."),
        applies_to=lambda user: not user.is_active,
        form=ReasonForm,
        run=administration.reactivate,
    ),
    "rights": Action(
        label=gettext_lazy("Change rights"),
        explanation=gettext_lazy(
            "Staff can use this site administration; superusers can change rights, too."
        ),
        applies_to=lambda user: True,
        form=RightsForm,
        run=administration.change_rights,
    ),
}


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ["username", "email", "confirmed", "two_factor", "is_active", "is_staff", "date_joined"]
    list_filter = [
        "is_active",
        "is_staff",
        ("two_factor_enabled_at", admin.EmptyFieldListFilter),
        ("email_confirmed_at", admin.EmptyFieldListFilter),
    ]
    search_fields = ["username", "email"]
    ordering = ["username"]
    fields = [
        "username",
        "email",
        "email_confirmed_at",
        "unconfirmed_email",
        "two_factor_enabled_at",
        "number_of_tokens",
        "is_active",
        "is_staff",
        "is_superuser",
        "date_joined",
    ]

    @admin.display(description=gettext_lazy("email confirmed"), boolean=True)
    def confirmed(self, user: User) -> bool:
        return user.email_confirmed

    @admin.display(description=gettext_lazy("two-factor"), boolean=True)
    def two_factor(self, user: User) -> bool:
        return user.is_enrolled

    @admin.display(description=gettext_lazy("API tokens"))
    def number_of_tokens(self, user: User) -> int:
        return user.api_tokens.count()

    def get_urls(self) -> list[URLPattern]:
        act = self.admin_site.admin_view(self.act)
        return [path("<int:pk>/act/<slug:slug>/", act, name="accounts_user_act"), *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        user = self.get_object(request, object_id)
        actions = [
            (slug, action.label) for slug, action in ACTIONS.items() if user and action.applies_to(user)
        ]
        return super().change_view(request, object_id, form_url, {"actions": actions})

    def act(self, request: HttpRequest, pk: int, slug: str) -> HttpResponse:
        """Show the form of an action; run the action when a valid form is sent. Raises Http404."""
        user = get_object_or_404(User, pk=pk)
        action = ACTIONS.get(slug)
        if action is None:
            raise Http404
        rights = {"is_staff": user.is_staff, "is_superuser": user.is_superuser}
        form = action.form(request.POST if request.method == "POST" else None, initial=rights)
        if form.is_valid():
            try:
                action.run(user, actor=Actor.of(request, door="admin"), **form.cleaned_data)
            except RuleViolation as error:
                add_violation(form, error)
            else:
                messages.success(request, _("Done: %(action)s.") % {"action": action.label})
                return redirect("admin:accounts_user_change", pk)
        context = {
            **self.admin_site.each_context(request),
            "title": action.label,
            "subtitle": user.username,
            "opts": self.opts,
            "original": user,
            "action": action,
            "form": form,
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/accounts/user/act.html", context, status=status)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "event", "actor", "subject", "ip", "door"]
    list_filter = ["door", ("event", admin.AllValuesFieldListFilter)]
    search_fields = ["subject", "actor"]
    ordering = ["-id"]
