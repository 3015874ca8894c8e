"""The parts of the admin site's pages: facts, tables, links, filters in words, and a short count."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from django.contrib import admin
from django.core.paginator import Page, Paginator
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

Text = str | Promise

NOTHING = "\u2013"  # where there is no value
GOOD, WARN, BAD = "good", "warn", "bad"  # classes of admin.css


@dataclass(frozen=True)
class Fact:
    """One line at the top of a page: a label and what is true. `mark` colours the first line."""

    label: Text
    lines: Sequence[Text]
    mark: str = ""


@dataclass(frozen=True)
class Table:
    """A short table of records that belong to the one of the page."""

    title: Text
    columns: Sequence[Text]
    rows: Sequence[Sequence[Any]]
    when_empty: Text
    note: Text = field(default="")


@dataclass(frozen=True)
class Link:
    label: Text
    url: str


def at(moment: datetime | None, never: Text = NOTHING) -> Text:
    """Return a time as the admin site shows it: exact and with its zone, because support compares logs."""
    return never if moment is None else date_format(timezone.localtime(moment), "DATETIME_FORMAT")


def marked(text: Text, mark: str) -> SafeString:
    """Return a word in the colour of good or bad news; the word itself says which."""
    return format_html('<span class="{}">{}</span>', mark, text)


def link(url: str, label: object) -> SafeString:
    return format_html('<a href="{}">{}</a>', url, label)


def column(label: Text, show: Callable[[Any], Any], *, name: str, order: str = "") -> Callable[[Any], Any]:
    """Return an entry of `list_display` that depends on the request."""

    def display(row: Any) -> Any:
        return show(row)

    display.__name__ = name
    display.short_description = label  # type: ignore[attr-defined]
    if order:
        display.admin_order_field = order  # type: ignore[attr-defined]
    return display


class FlatPaginator(Paginator):  # type: ignore[type-arg]
    """Counts MOST rows at most: to count a million for each page takes longer than the page itself."""

    MOST = 1000

    @cached_property
    def found(self) -> int:
        rows: Any = self.object_list  # in their order: the index that has it answers alone
        return int(rows[: self.MOST + 1].count())

    @cached_property
    def count(self) -> int:
        return min(self.found, self.MOST)

    def page(self, number: int | str) -> Page[Any]:
        """Return a page. What comes before it is passed over in the index, and not read with all it names."""
        number = self.validate_number(number)
        rows: Any = self.object_list
        first = (number - 1) * self.per_page
        if first:
            shown = rows.select_related(None).values("pk")[first : first + self.per_page]
            rows = rows.filter(pk__in=shown)
        return Page(rows[: self.per_page], number, self)

    @property
    def is_cut(self) -> bool:
        """Return whether there are more rows than it leads to."""
        return self.found > self.MOST


class Worded:
    """Gives a filter a title and choices in plain words: the words in the order of Django's choices."""

    heading: ClassVar[Text]
    words: ClassVar[Sequence[Text]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = self.heading

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        choices: Iterator[dict[str, Any]] = super().choices(changelist)  # type: ignore[misc]
        for word, choice in zip(self.words, choices, strict=False):
            yield choice | {"display": word}


def filter_in_words(
    base: type[admin.FieldListFilter], heading: Text, *words: Text
) -> type[admin.FieldListFilter]:
    """Return Django's filter with this title and these words, which come after "All"."""
    shown = (gettext_lazy("All"), *words)
    return type(f"Worded{base.__name__}", (Worded, base), {"heading": heading, "words": shown})
