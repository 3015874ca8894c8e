"""Admin pages that are read-only. Actions on a record run verbs, on pages of their own."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.views.main import ERROR_FLAG, ChangeList
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.typed import names
from accounts.web.admin_parts import FlatPaginator, Link, Text

LONGEST_SEARCH = 254  # characters; the longest searchable value is an email address
LONGEST_ID = 18  # digits that fit into every database's integers
EVENTS = "admin:accounts_auditevent_changelist"


class FlatChangeList(ChangeList):
    """Sorts by the columns of `sortable_by` only: Django makes no links for others, and obeys addresses."""

    def get_ordering_field(self, field_name: Any) -> Any:
        return super().get_ordering_field(field_name) if field_name in (self.sortable_by or ()) else None

    def get_results(self, request: HttpRequest) -> None:
        """Tell the database how few rows there are: it plans for what it expects, which may be thousands."""
        super().get_results(request)
        if not self.multi_page:
            self.result_list = self.result_list[: self.result_count]


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Superusers see it, and staff with Django's permission to view or to change it (D14)."""

    actions = None
    list_per_page = 50
    sortable_by: ClassVar[list[str] | tuple[str, ...] | None] = ()  # what an index has in order
    paginator = FlatPaginator
    show_facets = admin.ShowFacets.NEVER  # a count for each choice of each filter
    show_full_result_count = False

    position = 1  # among the lists of its application
    about: Text = ""  # what this list is for
    when_empty: Text = gettext_lazy("Nothing here yet.")
    # What links of other pages narrow the list to: the lookup of an id -> what it names, and a sentence.
    narrowed_by: ClassVar[Mapping[str, tuple[type[Model], Text]]] = {}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return FlatChangeList

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether they may see it: who may change a record by an action may see it, too."""
        return may_see(request, self.opts)

    @property
    def plural(self) -> str:
        return str(capfirst(self.opts.verbose_name_plural))

    def named(self, record: Any) -> str:
        """Return what pages call this record."""
        return str(record)

    def links(self, request: HttpRequest, record: Any) -> list[Link]:
        """Return the links from the page of this record to what belongs to it."""
        return []

    def events_query(self, record: Any) -> str:
        """Return the query that finds the audit events of this record."""
        return ""

    def events_url(self, request: HttpRequest, record: Any) -> str:
        """Return the URL of the record's audit events, or "" if there are none or they may not be seen."""
        query = self.events_query(record)
        return f"{reverse(EVENTS)}?{query}" if query and may_see_events(request) else ""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        words = {"title": self.plural, "about": self.about, "narrowed_to": self.narrowed_to(request)}
        return super().changelist_view(request, words | (extra_context or {}))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        record = self.get_object(request, object_id) if self.has_view_permission(request) else None
        words: dict[str, Any] = {"section": self.plural, "subtitle": None}
        if record is not None:
            words |= {"title": self.named(record), "links": self.links(request, record)}
        return super().change_view(request, object_id, form_url, words | (extra_context or {}))

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the audit events. Ask for permission first: else the answer says which records exist."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        record = self.get_object(request, object_id)
        words = {"section": self.plural, "subtitle": None}
        if record is not None:
            name = self.named(record)
            title = _("History of %(name)s") % {"name": name}
            words |= {"title": title, "named": name, "events_url": self.events_url(request, record)}
        return super().history_view(request, object_id, words | (extra_context or {}))

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponseRedirect:
        words = {"name": opts.verbose_name}
        messages.warning(request, _("There is no such %(name)s. It may have been deleted.") % words)
        return redirect(f"admin:{opts.app_label}_{opts.model_name}_changelist")

    def narrowed_to(self, request: HttpRequest) -> str:
        """Return what the list is narrowed to by a link, or that the link was wrong, in sentences."""
        if ERROR_FLAG in request.GET:
            return _(
                "The address asks for a filter, an order or a page that doesn't exist. Here is everything."
            )
        found = []
        for lookup, (model, sentence) in self.narrowed_by.items():
            value = request.GET.get(lookup, "")
            may_name = is_id(value) and may_see(request, model._meta)
            record = model._default_manager.filter(pk=value).first() if may_name else None
            if record is not None:
                found.append(str(sentence) % {"name": record})
        return " ".join(found)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Allow only offered filters: ?password__startswith= would reveal a hash character by character."""
        if lookup in self.narrowed_by:
            return all(map(is_id, value if isinstance(value, list) else [value]))
        return lookup in self.offered_lookups()

    def offered_lookups(self) -> set[str]:
        """Return the lookups in the filters' links. Others can make the database fail (a pattern, a year)."""
        offered = set()
        for entry in self.list_filter:
            field, kind = entry if isinstance(entry, (tuple, list)) else (entry, None)
            if not isinstance(field, str):  # a filter of our own, which checks the value itself
                offered.add(str(getattr(field, "parameter_name", "")))
                continue
            is_empty = isinstance(kind, type) and issubclass(kind, admin.EmptyFieldListFilter)
            suffixes = ["__isempty"] if is_empty else ["", "__exact", "__isnull"]
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
        """Search by the beginning. Truncate: SQLite refuses patterns of more than 50,000 characters."""
        term = names.login(search_term[:LONGEST_SEARCH])
        return (self.matching(request, queryset, term) if term else queryset), False

    def matching(self, request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Return what the search finds, by index where there is one, among what this admin may see."""
        return queryset


def found_in(queryset: QuerySet[Any], *parts: QuerySet[Any]) -> QuerySet[Any]:
    """Return the rows of several searches, each by an index of its own: an OR would read the whole table.

    Of each part, no more than pages lead to. So the parts must be what the list's filters have left.
    """
    most = FlatPaginator.MOST + 1
    found = {key for rows in parts for key in rows.values_list("pk", flat=True)[:most]}
    return queryset.filter(pk__in=sorted(found))


def may_see(request: HttpRequest, opts: Any) -> bool:
    """Return whether this admin may see records of the model with these options (`Model._meta`)."""
    names = [get_permission_codename(action, opts) for action in ("view", "change")]
    return any(request.user.has_perm(f"{opts.app_label}.{name}") for name in names)


def may_see_events(request: HttpRequest) -> bool:
    return request.user.has_perm("accounts.view_auditevent")


def is_id(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= LONGEST_ID
