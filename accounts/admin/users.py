"""Users: the list, the page of a person with state and actions, their sessions and tokens."""

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.actions import ACTIONS, Action, offered_actions, why_not
from accounts.admin.facts import facts_about
from accounts.admin.forms import ReasonForm, RightsForm
from accounts.admin.tables import remembered_table, sessions_table, tokens_table
from accounts.audit import Actor
from accounts.exceptions import AccountGone, RuleViolation
from accounts.models import User, UserQuerySet, login_key
from accounts.sessions.assurance import has_sudo
from accounts.sessions.requests import SiteRequest
from accounts.users import administration, support
from accounts.users.rights import Rights, may_change_users, may_grant_rights
from accounts.web.admin_parts import BAD, GOOD, WARN, Link, at, filter_in_words, marked
from accounts.web.form_pages import add_violation, form_page
from accounts.web.read_only_admin import ReadOnlyAdmin, found_in

CHANGE_LIST = "admin:accounts_user_changelist"
FOLDER = "admin/accounts/user"
EMPTY, BOOLEAN = admin.EmptyFieldListFilter, admin.BooleanFieldListFilter
ON, OFF = gettext_lazy("On"), gettext_lazy("Off")
YES, NO = gettext_lazy("Yes"), gettext_lazy("No")


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    position = 0
    about = gettext_lazy(
        "Everybody with an account. Select a name to see the state of the account and to help."
    )
    list_display = ["username", "email", "confirmed", "two_factor", "active", "staff", "joined"]
    list_filter = [
        (
            "is_active",
            filter_in_words(
                BOOLEAN, gettext_lazy("Account"), gettext_lazy("Active"), gettext_lazy("Deactivated")
            ),
        ),
        ("two_factor_enabled_at", filter_in_words(EMPTY, gettext_lazy("Two-factor"), OFF, ON)),
        (
            "email_confirmed_at",
            filter_in_words(
                EMPTY, gettext_lazy("Address"), gettext_lazy("Not confirmed"), gettext_lazy("Confirmed")
            ),
        ),
        ("is_staff", filter_in_words(BOOLEAN, gettext_lazy("Staff"), YES, NO)),
    ]
    search_fields = ["username", "email"]
    search_help_text = gettext_lazy("Search by the beginning of a username or an email address.")
    ordering = ["username"]
    sortable_by = ["username"]
    fields = ["username"]  # the page shows facts instead

    @admin.display(description=gettext_lazy("address"))
    def confirmed(self, user: User) -> Any:
        return _("Confirmed") if user.email_confirmed else marked(_("Not confirmed"), WARN)

    @admin.display(description=gettext_lazy("two-factor"))
    def two_factor(self, user: User) -> Any:
        return marked(ON, GOOD) if user.is_enrolled else OFF

    @admin.display(description=gettext_lazy("account"))
    def active(self, user: User) -> Any:
        return _("Active") if user.is_active else marked(_("Deactivated"), BAD)

    @admin.display(description=gettext_lazy("staff"))
    def staff(self, user: User) -> Any:
        return YES if user.is_staff else NO

    @admin.display(description=gettext_lazy("joined"))
    def joined(self, user: User) -> Any:
        return at(user.date_joined)

    def matching(self, request: HttpRequest, queryset: QuerySet[User], term: str) -> QuerySet[User]:
        return found_in(queryset, *cast(UserQuerySet, queryset).beginning_with(login_key(term)))

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        return [
            path("<int:pk>/act/<slug:slug>/", guarded(self.act), name="accounts_user_act"),
            path("<int:pk>/sessions/", guarded(self.sessions), name="accounts_user_sessions"),
            path("<int:pk>/tokens/", guarded(self.tokens), name="accounts_user_tokens"),
            *super().get_urls(),
        ]

    def links(self, request: HttpRequest, user: User) -> list[Link]:
        found = [
            Link(_("Sessions"), reverse("admin:accounts_user_sessions", args=[user.pk])),
            Link(_("API tokens"), reverse("admin:accounts_user_tokens", args=[user.pk])),
        ]
        events = self.events_url(request, user)
        return [*found, Link(_("Audit events"), events)] if events else found

    def events_query(self, user: User) -> str:
        return f"user_id={user.pk}"

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        user = self.get_object(request, object_id) if self.has_view_permission(request) else None
        context: dict[str, Any] = {}
        if user is not None:
            tables = [make(user, request) for make in support.tables.values()]
            context = {
                "facts": facts_about(user, request),
                "actions": offered_actions(request, user),
                "why_no_actions": why_not(request, user),
                "tables": [table for table in tables if table is not None],
            }
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    def sessions(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show where somebody is signed in. Raises PermissionDenied, Http404."""
        user = self.seen(request, pk)
        tables = [sessions_table(user, request), remembered_table(user, request)]
        return self.list_page(request, user, _("Sessions"), tables)

    def tokens(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show somebody's API tokens, which are hashes here. Raises PermissionDenied, Http404."""
        user = self.seen(request, pk)
        return self.list_page(request, user, _("API tokens"), [tokens_table(user)])

    def seen(self, request: HttpRequest, pk: int) -> User:
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(User, pk=pk)

    def list_page(self, request: HttpRequest, user: User, leaf: str, tables: list[Any]) -> HttpResponse:
        title = _("%(what)s of %(name)s") % {"what": leaf, "name": user.username}
        page = {"title": title, "leaf": leaf, "tables": tables}
        return render(request, f"{FOLDER}/list.html", self.page_of(request, user) | page)

    def page_of(self, request: HttpRequest, user: User) -> dict[str, Any]:
        words = {"opts": self.opts, "original": user, "section": self.plural}
        return self.admin_site.each_context(request) | words

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
        make_form = action.form_for(user)
        form = make_form(request.POST if request.method == "POST" else None, initial=initial)
        if form.is_valid():
            try:
                changed = action.run(user, Actor.of(request, door="admin"), form)
            except AccountGone as error:
                messages.error(request, str(error))
                return redirect(CHANGE_LIST)
            except RuleViolation as error:
                if isinstance(error, administration.RightsChanged):
                    reason = form.cleaned_data["reason"]
                    form = RightsForm(RightsForm.filled(error.present) | {"reason": reason})
                form = form.afresh()
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
        refusal = why_not(request, user, granting=action.grants)
        context = {
            **self.page_of(request, user),
            "title": f"{action.label}: {user.username}",
            "action": action,
            "warnings": [refusal] if refusal else action.warn(user),
            "proof_needed": not has_sudo(cast(SiteRequest, request)),
        }
        return form_page(request, f"{FOLDER}/act.html", form, **context)
