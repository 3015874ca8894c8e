"""Invitations to the site: the list, the page that invites, and what can be done with one."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin.forms import InviteForm
from accounts.audit import Actor
from accounts.exceptions import RuleViolation
from accounts.models import SiteInvitation, login_key
from accounts.users import site_invitations
from accounts.users.rights import may_invite_to_site
from accounts.web.admin_parts import NOTHING, WARN, at, marked
from accounts.web.form_pages import add_violation, form_page
from accounts.web.read_only_admin import ReadOnlyAdmin

CHANGE_LIST = "admin:accounts_siteinvitation_changelist"


@admin.register(SiteInvitation)
class SiteInvitationAdmin(ReadOnlyAdmin):
    about = gettext_lazy(
        "People who are invited to create an account and haven't done so yet. They choose their username and "
        "password themselves."
    )
    when_empty = gettext_lazy("Nobody is invited.")
    list_display = ["email", "by", "sent", "state"]
    search_fields = ["email"]
    search_help_text = gettext_lazy("Search by an email address.")
    ordering = ["-expires_at"]
    fields = ["email", "by", "sent", "state"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_invite_to_site(request.user) or super().has_view_permission(request, obj)

    @admin.display(description=gettext_lazy("invited by"))
    def by(self, invitation: SiteInvitation) -> str:
        return invitation.invited_by or NOTHING

    @admin.display(description=gettext_lazy("sent"))
    def sent(self, invitation: SiteInvitation) -> Any:
        return at(invitation.sent_at)

    @admin.display(description=gettext_lazy("open until"))
    def state(self, invitation: SiteInvitation) -> Any:
        return marked(_("Expired"), WARN) if invitation.is_expired else at(invitation.expires_at)

    def matching(
        self, request: HttpRequest, queryset: QuerySet[SiteInvitation], term: str
    ) -> QuerySet[SiteInvitation]:
        return queryset.filter(email=login_key(term))

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        return [
            path("invite/", guarded(self.invite), name="accounts_siteinvitation_invite"),
            path("<int:pk>/send-again/", guarded(self.send_again), name="accounts_siteinvitation_send_again"),
            path("<int:pk>/withdraw/", guarded(self.withdraw), name="accounts_siteinvitation_withdraw"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        may = {"may_invite": may_invite_to_site(request.user)}
        return super().changelist_view(request, may | (extra_context or {}))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        may = {"may_invite": may_invite_to_site(request.user)}
        return super().change_view(request, object_id, form_url, may | (extra_context or {}))

    def invite(self, request: HttpRequest) -> HttpResponse:
        """Show the form; invite the addresses of a valid one. What could not be sent stays in the form."""
        check_may(request)
        form = InviteForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            waiting = list(form.cleaned_data["addresses"])
            sent = 0
            try:
                while waiting:
                    site_invitations.invite_to_site(waiting[0], actor=Actor.of(request, door="admin"))
                    waiting.pop(0)
                    sent += 1
            except RuleViolation as error:
                form = InviteForm({"addresses": "\n".join(waiting)})
                add_violation(form, error, "addresses")
            if sent:
                messages.success(request, said_of(sent))
            if not waiting:
                return redirect(CHANGE_LIST)
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "title": _("Invite people"),
            "section": self.plural,
        }
        return form_page(request, "admin/accounts/siteinvitation/invite.html", form, **context)

    def send_again(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Renew an invitation: another mail, and 7 days from now."""
        check_may(request)
        invitation = get_object_or_404(SiteInvitation, pk=pk)
        if request.method != "POST":
            return redirect(page_of(invitation))
        try:
            site_invitations.invite_to_site(invitation.email, actor=Actor.of(request, door="admin"))
        except RuleViolation as error:
            messages.error(request, str(error))
            return redirect(page_of(invitation))
        messages.success(request, said_of(1))
        return redirect(CHANGE_LIST)

    def withdraw(self, request: HttpRequest, pk: int) -> HttpResponse:
        check_may(request)
        if request.method != "POST":
            return redirect(page_of(get_object_or_404(SiteInvitation, pk=pk)))
        try:
            gone = site_invitations.withdraw(pk, actor=Actor.of(request, door="admin"))
        except RuleViolation as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The invitation for %(address)s is withdrawn.") % {"address": gone})
        return redirect(CHANGE_LIST)


def check_may(request: HttpRequest) -> None:
    """Raise PermissionDenied unless this admin may invite. The verbs ask again, on the locked row."""
    if not may_invite_to_site(request.user):
        raise PermissionDenied


def page_of(invitation: SiteInvitation) -> str:
    return reverse("admin:accounts_siteinvitation_change", args=[invitation.pk])


def said_of(number: int) -> str:
    text = ngettext(
        "%(n)d invitation is on its way. It is open for 7 days.",
        "%(n)d invitations are on their way. They are open for 7 days.",
        number,
    )
    return text % {"n": number}
