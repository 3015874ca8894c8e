"""The admin page of pauses: where no texts go, and why; set one, lift one."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.audit import Actor
from accounts.exceptions import RuleViolation
from accounts.factors.sms import pauses
from accounts.factors.sms.countries import named
from accounts.factors.sms.forms import LONGEST_NUMBER, NumberField
from accounts.factors.sms.models import Destination, Purpose
from accounts.models import User
from accounts.users.reasons import LONGEST_REASON
from accounts.web.admin_parts import Link, at, filter_in_words
from accounts.web.form_pages import add_violation, form_page
from accounts.web.forms import Form
from accounts.web.read_only_admin import ReadOnlyAdmin

FOLDER = "accounts/factors/sms/admin"


class LiftForm(Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_REASON,
        error_messages={
            "required": gettext_lazy("Say why. The reason is recorded and emailed to all superusers.")
        },
    )


class PauseForm(LiftForm):
    country = forms.ChoiceField(label=gettext_lazy("Country"))
    phone_number = NumberField(
        label=gettext_lazy("Only the block around this phone number"),
        required=False,
        max_length=LONGEST_NUMBER,
        help_text=gettext_lazy(
            "With the country code. Pauses all numbers that differ only in the last four digits."
        ),
    )
    purposes = forms.MultipleChoiceField(
        label=gettext_lazy("Pause texts for"),
        choices=Purpose.choices,
        initial=[Purpose.SET_UP],
        widget=forms.CheckboxSelectMultiple,
    )
    field_order = ["country", "phone_number", "purposes", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        countries = sorted(
            ((code, named(code)) for code in settings.SMS_COUNTRIES), key=lambda choice: choice[1]
        )
        self.fields["country"].choices = countries  # type: ignore[attr-defined]


@admin.register(Destination)
class DestinationAdmin(ReadOnlyAdmin):
    about = gettext_lazy("Countries and blocks of numbers that get no codes by text message, and why.")
    when_empty = gettext_lazy(
        "Nothing is paused. Text messages are sent to every country that this site allows."
    )
    list_display = ["place", "purpose", "sent", "used", "since", "until", "cause"]
    list_filter = [
        ("purpose", filter_in_words(admin.ChoicesFieldListFilter, gettext_lazy("Texts for"), *Purpose.labels))
    ]
    ordering = ["country", "key", "purpose"]
    fields = ["place", "purpose", "sent", "used", "since", "until", "cause"]
    change_list_template = f"{FOLDER}/pauses.html"

    @admin.display(description=gettext_lazy("paused since"))
    def since(self, row: Destination) -> Any:
        return at(row.paused_at)

    @admin.display(description=gettext_lazy("paused until"))
    def until(self, row: Destination) -> Any:
        return at(row.paused_until, _("Somebody lifts it"))

    @admin.display(description=gettext_lazy("country or block"))
    def place(self, row: Destination) -> str:
        return row.named_place

    @admin.display(description=gettext_lazy("cause"))
    def cause(self, row: Destination) -> str | Promise:
        if row.tripped_by:
            purpose = Purpose(row.tripped_by).label
            return _("Too few codes for %(purpose)s were used.") % {"purpose": purpose}
        return _("Paused by an admin: %(reason)s") % {"reason": row.reason}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Destination]:
        return Destination.objects.paused()

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site
        return [
            path("pause/", site.admin_view(self.pause), name="factor_sms_destination_pause"),
            path("<int:pk>/lift/", site.admin_view(self.lift), name="factor_sms_destination_lift"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        links = {"pause_url": reverse("admin:factor_sms_destination_pause") if may(request) else ""}
        return super().changelist_view(request, links | (extra_context or {}))

    def named(self, row: Destination) -> str:
        return row.named_place

    def links(self, request: HttpRequest, row: Destination) -> list[Link]:
        if not may(request):
            return []
        return [Link(_("Lift the pause"), reverse("admin:factor_sms_destination_lift", args=[row.pk]))]

    def pause(self, request: HttpRequest) -> HttpResponse:
        """Show the form for a pause; pause when a valid form is sent. Raises PermissionDenied."""
        check_permission(request)
        form = PauseForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            number = form.cleaned_data["phone_number"]
            given = {name: form.cleaned_data[name] for name in ("purposes", "reason")}
            given["actor"] = Actor.of(request, door="admin")
            try:
                if number:
                    pauses.pause_block(number.as_e164, **given)
                else:
                    pauses.pause_country(form.cleaned_data["country"], **given)
            except RuleViolation as error:
                add_violation(form, error)
            else:
                messages.success(request, _("These text messages are paused there until you lift the pause."))
                return redirect("admin:factor_sms_destination_changelist")
        return self.confirmation_page(request, form, gettext_lazy("Pause text messages"))

    def lift(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the form that lifts a pause; lift it when a valid form is sent.

        Raises PermissionDenied, Http404.
        """
        check_permission(request)
        row = get_object_or_404(Destination.objects.paused(), pk=pk)
        form = LiftForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                pauses.lift(row, actor=Actor.of(request, door="admin"), **form.cleaned_data)
            except RuleViolation as error:
                add_violation(form, error)
            else:
                messages.success(request, _("Text messages are sent there again. Counting starts from zero."))
                return redirect("admin:factor_sms_destination_changelist")
        return self.confirmation_page(request, form, gettext_lazy("Lift the pause"), row)

    def confirmation_page(
        self, request: HttpRequest, form: Form, title: Promise, row: Destination | None = None
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": f"{title}: {row.named_place}" if row else title,
            "leaf": title,
            "section": self.plural,
            "opts": self.opts,
            "original": row,
        }
        return form_page(request, f"{FOLDER}/act.html", form, **context)


def check_permission(request: HttpRequest) -> None:
    if not may(request):
        raise PermissionDenied


def may(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and pauses.may_change(request.user)
