"""The admin site: read-only lists of users and events, and a few actions on accounts. Each runs a verb."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth import admin as auth_admin  # noqa: F401  registers groups, which mean nothing here
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from accounts.audit import Actor
from accounts.exceptions import AccountGone, RuleViolation
from accounts.forms import ReasonForm, RightsForm
from accounts.models import AuditEvent, User
from accounts.sessions.assurance import has_sudo
from accounts.sessions.requests import SiteRequest
from accounts.two_factor import removal
from accounts.users import administration
from accounts.users.deactivation import warnings_about
from accounts.users.rights import Rights, may_change_users, may_grant_rights
from accounts.web.form_pages import add_violation, form_page
from accounts.web.read_only_admin import ReadOnlyAdmin

admin.site.unregister(Group)


Fields = dict[str, Any]


@dataclass(frozen=True)
class Action:
    """One action on an account: a form to confirm it, and the verb that it runs."""

    label: Promise
    explanation: Promise
    done: Promise  # with the %(name)s, as the next one
    already_done: Promise  # what to say if there is nothing left to do
    applies_to: Callable[[User], bool]
    run: Callable[[User, Actor, Any], bool | None]  # called with the valid form; False: nothing to do
    form: type[ReasonForm] = ReasonForm
    grants: bool = False  # takes a superuser
    warn: Callable[[User], list[str]] = lambda user: []  # what the admin should know before


ACTIONS: dict[str, Action] = {
    "disable-two-factor": Action(
        label=gettext_lazy("Disable two-factor"),
        explanation=gettext_lazy(
            "Every method and the backup codes are removed, and every session of the user ends. The password "
            "alone opens the account then. Make sure who is asking."
        ),
        done=gettext_lazy("Two-factor authentication of %(name)s is off."),
        already_done=gettext_lazy("Two-factor authentication of %(name)s is off already."),
        applies_to=lambda user: user.is_enrolled,
        warn=removal.why_refused_to_admins,
        run=lambda user, actor, form: removal.disable(user, reason=form.cleaned_data["reason"], actor=actor),
    ),
    "deactivate": Action(
        label=gettext_lazy("Deactivate"),
        explanation=gettext_lazy(
            "Every session of the user ends, and API tokens open nothing. Nobody can sign in to the account "
            "until it is activated again."
        ),
        done=gettext_lazy("The account %(name)s is deactivated."),
        already_done=gettext_lazy("The account %(name)s is deactivated already."),
        applies_to=lambda user: user.is_active,
        warn=warnings_about,
        run=lambda user, actor, form: administration.deactivate(
            user, reason=form.cleaned_data["reason"], actor=actor
        ),
    ),
    "reactivate": Action(
        label=gettext_lazy("Activate"),
        explanation=gettext_lazy(
            "The user can sign in again, with the same password and second factor, and API tokens work again."
        ),
        done=gettext_lazy("The account %(name)s is active again."),
        already_done=gettext_lazy("The account %(name)s is active already."),
        applies_to=lambda user: not user.is_active,
        run=lambda user, actor, form: administration.reactivate(
            user, reason=form.cleaned_data["reason"], actor=actor
        ),
    ),
    "rights": Action(
        label=gettext_lazy("Change rights"),
        explanation=gettext_lazy("What the user may do on the admin site. It takes effect at once."),
        done=gettext_lazy("The rights of %(name)s are changed."),
        already_done=gettext_lazy("Nothing to change: %(name)s has these rights already."),
        applies_to=lambda user: True,
        run=lambda user, actor, form: administration.change_rights(
            user, rights=form.rights, shown=form.shown, reason=form.cleaned_data["reason"], actor=actor
        ),
        form=RightsForm,
        grants=True,
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
        "rights",
        "time_zone",
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

    @admin.display(description=gettext_lazy("rights"))
    def rights(self, user: User) -> str:
        return "\n".join(Rights.of(user).in_words())

    def get_urls(self) -> list[URLPattern]:
        act = self.admin_site.admin_view(self.act)
        return [path("<int:pk>/act/<slug:slug>/", act, name="accounts_user_act"), *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Fields | None = None,
    ) -> HttpResponse:
        user = self.get_object(request, object_id)
        context = {
            "actions": offered_actions(request, user) if user else [],
            "sees_events": request.user.has_perm("accounts.view_auditevent"),
        }
        return super().change_view(request, object_id, form_url, context)

    def act(self, request: HttpRequest, pk: int, slug: str) -> HttpResponse:
        """Show the form of an action; run the action when a valid form is sent.

        Raises Http404, and PermissionDenied for staff who may do this to nobody.
        """
        action = ACTIONS.get(slug)
        if action is None:
            raise Http404
        if not (may_grant_rights(request.user) if action.grants else may_change_users(request.user)):
            raise PermissionDenied
        user = get_object_or_404(User, pk=pk)
        if not action.applies_to(user):
            return self.back_to(request, user, messages.INFO, action.already_done)
        initial = RightsForm.filled(Rights.of(user)) if action.grants else {}
        form = action.form(request.POST if request.method == "POST" else None, initial=initial)
        if form.is_valid():
            try:
                changed = action.run(user, Actor.of(request, door="admin"), form)
            except AccountGone as error:
                messages.error(request, str(error))
                return redirect("admin:accounts_user_changelist")
            except RuleViolation as error:
                if isinstance(error, administration.RightsChanged):
                    reason = form.cleaned_data["reason"]
                    form = RightsForm(RightsForm.filled(error.present) | {"reason": reason})
                add_violation(form, error)
            else:
                if changed is False:
                    return self.back_to(request, user, messages.INFO, action.already_done)
                return self.back_to(request, user, messages.SUCCESS, action.done)
        return self.confirmation_page(request, user, action, form)

    def back_to(self, request: HttpRequest, user: User, level: int, text: Promise) -> HttpResponse:
        messages.add_message(request, level, str(text) % {"name": user.username})
        return redirect("admin:accounts_user_change", user.pk)

    def confirmation_page(
        self, request: HttpRequest, user: User, action: Action, form: ReasonForm
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": action.label,
            "subtitle": user.username,
            "opts": self.opts,
            "original": user,
            "action": action,
            "warnings": action.warn(user),
            "proof_needed": not has_sudo(cast(SiteRequest, request)),
        }
        return form_page(request, "admin/accounts/user/act.html", form, **context)


def offered_actions(request: HttpRequest, user: User) -> list[tuple[str, Promise]]:
    """Return (slug, label) of what the admin of this request may do to the user now."""
    found = []
    for slug, action in ACTIONS.items():
        try:
            administration.check_may_manage(user, cast(User, request.user), granting=action.grants)
        except administration.NotYours:
            continue
        if action.applies_to(user):
            found.append((slug, action.label))
    return found


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "event", "actor", "subject", "ip", "door"]
    list_filter = ["door", ("event", admin.AllValuesFieldListFilter)]
    search_fields = ["subject", "actor"]
    ordering = ["-id"]
