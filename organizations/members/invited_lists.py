"""Read lists of people to invite: pasted as mail programs and spreadsheets copy them, or in a CSV file."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.audit import strip_control_characters
from accounts.exceptions import RuleViolation
from accounts.fields import PersonField
from accounts.typed.names import PLAIN_NAME
from accounts.typed.tables import Row, rows_of, text_of
from accounts.web.downloads import FORMULA
from accounts.web.forms import put_into_words
from organizations.exceptions import MalformedList, UnknownUser
from organizations.models.batches import LONGEST_WHO

MOST_ROWS = 10_000
LONGEST_SHOWN = 100  # characters of a row that is wrong
# Columns, by their names without blanks, hyphens and underscores, in small letters.
ADDRESSES = {"email", "mail", "emailaddress", "mailaddress", "useremail", "workemail"}
NAMES = {"username", "user", "login", "usernameoremail", "emailorusername"}
NOT_IN_NAMES = re.compile(r"[\s_-]+")
# Commas, semicolons and the ends of lines divide, but not within quotation marks or brackets.
PART = re.compile(r'(?:"[^"\r\n]*"|<[^<>\r\n]*>|[^,;\r\n])+|[,;\r\n]')
DIVIDERS = frozenset(";\r\n")
IN_BRACKETS = re.compile(r"[^<>]*<[^<>]*>?|[^<>]+")


class NoPeople(RuleViolation):
    code = "no-people"
    message = gettext_lazy("There is nobody on this list. Enter an email address or a username in each row.")


class NoColumn(RuleViolation):
    code = "no-column"
    message = gettext_lazy(
        "We don't know which column has the email addresses. Name the columns in the first row, and call "
        "that one “email”."
    )


class TooManyRows(RuleViolation):
    code = "too-many-rows"
    message = gettext_lazy(
        "A list can have %(most)s rows, and this one has %(rows)s. Split it into several lists."
    )


@dataclass(frozen=True)
class Entry:
    """A row of a list: where it stands, what stands there, whom it names, or else why it names nobody."""

    position: int
    text: str
    who: str = ""
    problem: str = ""


def read_pasted(text: str) -> list[Entry]:
    """Return the entries of a pasted text, numbered from 1 on. Raises NoPeople, TooManyRows."""
    return read_rows(enumerate(pasted(text), start=1))


def read_file(content: bytes) -> list[Entry]:
    """Return the entries of a CSV file. A header row is optional.

    Raises UnreadableFile, UnreadableRow, NoColumn, NoPeople, TooManyRows.
    """
    rows = rows_of(text_of(content))
    columns = columns_named(rows[0][1]) if rows else []
    if columns:
        return read_rows((number, first_of(cells, columns)) for number, cells in rows[1:])
    return read_rows((number, first_of(cells, [column_of(rows)])) for number, cells in rows)


def read_checked(rows: Iterable[tuple[int, str]]) -> list[Entry]:
    """Return the entries of a list that was checked before. Raises MalformedList, NoPeople, TooManyRows."""
    entries = read_rows(rows)
    if any(entry.problem for entry in entries):
        raise MalformedList
    return entries


def read_rows(cells: Iterable[tuple[int, str]]) -> list[Entry]:
    """Return the entries of cells with the numbers of their rows. Raises NoPeople, TooManyRows."""
    found = list(cells)
    if not found:
        raise NoPeople
    if len(found) > MOST_ROWS:
        raise TooManyRows(most=f"{MOST_ROWS:,}", rows=f"{len(found):,}")
    field = PersonField(max_length=LONGEST_WHO)
    put_into_words(field)
    return [entry_of(number, text, field) for number, text in found]


def entry_of(number: int, text: str, field: PersonField) -> Entry:
    """Read one cell. What looks like a formula is refused: a spreadsheet may have made it of an address."""
    shown = strip_control_characters(text.strip())
    shown = shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}…"
    if text.strip().startswith(FORMULA):
        problem = _("This begins like a spreadsheet formula. Enter an email address or a username.")
        return Entry(number, shown, problem=problem)
    try:
        who = field.clean(text)
    except ValidationError as error:
        return Entry(number, shown, problem=" ".join(error.messages))
    if "@" in who or PLAIN_NAME.fullmatch(who):
        return Entry(number, shown, who=who)
    return Entry(number, shown, problem=str(UnknownUser.message))


def columns_named(cells: list[str]) -> list[int]:
    """Return the columns that a first row names: of addresses, then of usernames; [] if it names none."""
    keys = [NOT_IN_NAMES.sub("", cell).casefold() for cell in cells]
    return [
        *(place for place, key in enumerate(keys) if key in ADDRESSES),
        *(place for place, key in enumerate(keys) if key in NAMES),
    ]


def column_of(rows: list[Row]) -> int:
    """Return the column that has most addresses in a file without names of columns. Raises NoColumn."""
    addresses = Counter(place for _number, cells in rows for place, cell in enumerate(cells) if "@" in cell)
    if addresses:
        return min(addresses, key=lambda place: (-addresses[place], place))
    if any(len(cells) > 1 for _number, cells in rows):
        raise NoColumn
    return 0


def first_of(cells: list[str], columns: list[int]) -> str:
    """Return the first of these columns that has something in this row, "" if none has."""
    return next((cells[place] for place in columns if place < len(cells) and cells[place].strip()), "")


def pasted(text: str) -> Iterator[str]:
    """Yield what a pasted text names: separated by ends of lines, commas, semicolons and blanks.

    "Ada Lovelace <ada@example.org>" is one, and so is "Lovelace, Ada <ada@example.org>" without quotes.
    """
    name = ""  # what may be the first half of a name with a comma
    for part in PART.findall(text):
        if part == ",":
            continue
        if "<" in part:
            first, *others = IN_BRACKETS.findall(part)
            yield f"{name}, {first.strip()}" if name else first
            for other in others:
                yield from [other] if "<" in other else other.split()
            name = ""
            continue
        yield from name.split()
        name = "" if part in DIVIDERS or "@" in part else part.strip()
        if "@" in part:
            yield from part.split()
    yield from name.split()
