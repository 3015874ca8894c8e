"""Admin pages that are read-only. Actions on a record run verbs, on pages of their own."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from accounts.typed import names

LONGEST_SEARCH = 254  # characters; the longest searchable value is an email address


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Superusers see it, and staff with Django's permission to view or to change it (D14)."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether they may see it: who may change a record by an action may see it, too."""
        names = [get_permission_codename(action, self.opts) for action in ("view", "change")]
        return any(request.user.has_perm(f"{self.opts.app_label}.{name}") for name in names)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the history. Ask for the permission first: else the answer says which records exist."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Allow only offered filters: ?password__startswith= would reveal a hash character by character."""
        return lookup in self.offered_lookups()

    def offered_lookups(self) -> set[str]:
        """Return the lookups in the filters' links. Others can make the database fail (a pattern, a year)."""
        offered = set()
        for entry in self.list_filter:
            field, kind = entry if isinstance(entry, (tuple, list)) else (entry, None)
            suffixes = ["__isempty"] if kind is admin.EmptyFieldListFilter else ["", "__exact", "__isnull"]
            offered |= {f"{field}{suffix}" for suffix in suffixes}
        return offered

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return a record by ASCII digits only (int() takes other digits); an empty `from_field` is None."""
        if not (object_id.isascii() and object_id.isdigit()):
            return None
        return super().get_object(request, object_id, from_field or None)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Truncate the search: SQLite refuses patterns of more than 50,000 characters."""
        return super().get_search_results(request, queryset, names.login(search_term[:LONGEST_SEARCH]))
