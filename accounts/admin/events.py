"""The audit events: a list that is searched and filtered, and the details of one."""

import json
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.core.exceptions import SuspiciousOperation
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy

from accounts.audit import user_agents
from accounts.audit.events import enumerations, said_by
from accounts.models import AuditEvent, User
from accounts.models.audit import BY_OTHERS
from accounts.web.admin_parts import NOTHING, Link, at
from accounts.web.read_only_admin import ReadOnlyAdmin, found_in

DOORS = {
    "html": gettext_lazy("Pages"),
    "api": gettext_lazy("API"),
    "admin": gettext_lazy("Admin site"),
    "command": gettext_lazy("Commands on the server"),
    "schedule": gettext_lazy("Scheduled dates"),
    "background": gettext_lazy("Background work"),
    "breaker": gettext_lazy("Pauses of text messages"),
}


class FixedFilter(admin.SimpleListFilter):
    """A filter whose choices are known: those of Django read the whole table to find them."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None:
            return queryset
        if value not in dict(self.lookup_choices):
            raise SuspiciousOperation("a choice that the filter does not offer")
        return queryset.filter(**{self.parameter_name or "": value})


class DoorFilter(FixedFilter):
    title = gettext_lazy("Via")
    parameter_name = "door"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterator[tuple[str, Any]]:
        yield from DOORS.items()


class EventFilter(FixedFilter):
    title = gettext_lazy("What happened")
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterator[tuple[str, Any]]:
        for names in enumerations.values():
            yield from names.choices


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    about = gettext_lazy("What people and programs did, and from which network address. Newest first.")
    when_empty = gettext_lazy("No events yet.")
    list_display = ["time", "what", "actor", "subject", "address", "way"]
    list_filter = [DoorFilter, EventFilter]
    search_fields = ["subject", "actor"]
    search_help_text = gettext_lazy(
        "Search by the beginning of a name, spelled as it's stored, such as alice or organization:acme. You "
        "find what somebody did and what was done to them."
    )
    ordering = ["-id"]
    sortable_by = ["time"]
    narrowed_by = {"user_id": (User, gettext_lazy("Only events about %(name)s."))}
    fields = ["time", "what", "event", "actor", "subject", "address", "browser", "way", "request", "details"]

    @admin.display(description=gettext_lazy("time"), ordering="id")
    def time(self, event: AuditEvent) -> Any:
        return at(event.created_at)

    @admin.display(description=gettext_lazy("what happened"))
    def what(self, event: AuditEvent) -> str:
        return said_by(event).sentence

    @admin.display(description=gettext_lazy("address"))
    def address(self, event: AuditEvent) -> str:
        return event.ip or NOTHING

    @admin.display(description=gettext_lazy("request"))
    def request(self, event: AuditEvent) -> str:
        return event.request_id or NOTHING

    @admin.display(description=gettext_lazy("data"))
    def details(self, event: AuditEvent) -> str:
        """Return the data as JSON, without what a token is for: only its owner sees that."""
        shown = {name: value for name, value in event.data.items() if name != "description"}
        return json.dumps(shown, ensure_ascii=False)

    @admin.display(description=gettext_lazy("via"))
    def way(self, event: AuditEvent) -> Any:
        return DOORS.get(event.door, event.door)

    @admin.display(description=gettext_lazy("browser or program"))
    def browser(self, event: AuditEvent) -> str:
        if not event.user_agent:
            return NOTHING
        return f"{user_agents.describe(event.user_agent)}\n{event.user_agent}"

    def named(self, event: AuditEvent) -> str:
        return said_by(event).sentence

    def links(self, request: HttpRequest, event: AuditEvent) -> list[Link]:
        if event.user_id is None or not request.user.has_perm("accounts.view_user"):
            return []
        if not User.objects.filter(pk=event.user_id).exists():
            return []
        return [Link(gettext_lazy("User"), reverse("admin:accounts_user_change", args=[event.user_id]))]

    def matching(
        self, request: HttpRequest, queryset: QuerySet[AuditEvent], term: str
    ) -> QuerySet[AuditEvent]:
        newest = queryset.order_by("-id")
        by_others = newest.filter(BY_OTHERS)
        parts = []
        for beginning in [term] if ":" in term else [f"user:{term}", f"organization:{term}"]:
            parts += [
                newest.filter(subject__startswith=beginning),
                by_others.filter(actor__startswith=beginning),
            ]
        return found_in(queryset, *parts)
