"""Admin pages that show and never write. What is done to a record goes through a verb, on its own page."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

LONGEST_SEARCH = 254  # of what people look for, an e-mail address is the longest


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Open to every site admin: the site itself asks for staff and a second factor (D14)."""

    show_full_result_count = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Only what is offered as a filter: ?password__startswith= would tell a hash letter by letter."""
        return lookup in self.offered_lookups()

    def offered_lookups(self) -> set[str]:
        """What the links of the filters ask. Others make the database fail: a broken pattern, a far year."""
        offered = set()
        for entry in self.list_filter:
            field, kind = entry if isinstance(entry, (tuple, list)) else (entry, None)
            suffixes = ["__isempty"] if kind is admin.EmptyFieldListFilter else ["", "__exact", "__isnull"]
            offered |= {f"{field}{suffix}" for suffix in suffixes}
        return offered

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """One address per record: int() takes digits of every script. Django trips over ?_to_field."""
        if not (object_id.isascii() and object_id.isdigit()):
            return None
        return super().get_object(request, object_id, from_field or None)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """SQLite refuses to look for more than 50,000 characters."""
        return super().get_search_results(request, queryset, search_term[:LONGEST_SEARCH])
