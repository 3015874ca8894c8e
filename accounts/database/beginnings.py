"""Find text by its beginning, along an index, whatever matches, and in whatever locale the database is.

PostgreSQL takes `LIKE` to an index only where it knows the pattern when it plans, and SQLite not at all. A
range does for both, also in a prepared statement. It compares character by character, as an index with the
operator class varchar_pattern_ops does; `<` and `>` of most locales do not.

The admin site searches with `__startswith`: its statements are planned with their values, and PostgreSQL
estimates a LIKE well. How many rows such a range has it only guesses: 98 for one of 100,000 organizations,
and the list of them then touches twice as many blocks as it may (tests/accounts/growth/test_growth.py).
"""

import re
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Lookup
from django.db.models.expressions import OrderBy
from django.db.models.lookups import StartsWith
from django.db.models.sql.compiler import SQLCompiler

PLAIN = re.compile("[a-z:]+")
LAST_CHARACTER = "\U0010ffff"
FIRST_SURROGATE, LAST_SURROGATE = 0xD800, 0xDFFF  # which no text contains


@CharField.register_lookup
class Begins(Lookup):
    """`name__begins="ab"`: from "ab" on, before "ac". Case counts: compare what is in lower case."""

    lookup_name = "begins"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        return self.range(compiler, connection, ">=", "<")

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        return self.range(compiler, connection, "~>=~", "~<~")

    def range(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, at_least: str, below: str
    ) -> tuple[str, Any]:
        column, parameters = self.process_lhs(compiler, connection)
        sql, bound = f"{column} {at_least} %s", [*parameters, self.rhs]
        if end := end_of(self.rhs):
            sql, bound = f"{sql} AND {column} {below} %s", [*bound, *parameters, end]
        return sql, bound


@CharField.register_lookup
class BeginsAsIndexed(Lookup):
    """`subject__begins_as_indexed="a:"`: what the condition `subject__startswith="a:"` of an index says.

    SQLite uses such an index only where the pattern stands in the statement: it looks at no bound value of a
    LIKE. So the beginning is one of ours, without a quote, a percent sign or an underscore, and never typed.
    """

    lookup_name = "begins_as_indexed"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        return compiler.compile(StartsWith(self.lhs, self.rhs))

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra_context: Any
    ) -> tuple[str, Any]:
        if not PLAIN.fullmatch(self.rhs):
            raise ValueError(f"This can't be written into a statement: {self.rhs!r}")
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} LIKE '{self.rhs}%%' ESCAPE '\\'", parameters


class ByCharacter(OrderBy):
    """The order of the index that `begins` reads: by character, not as the locale would sort."""

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        # Django looks for a direction in what an order says; PostgreSQL takes none beside an operator.
        return self.as_sql(compiler, connection, template="%(expression)s USING ~<~ /* ASC */")


def end_of(beginning: str) -> str:
    """Return the first text behind all that begin like this, or "" if there is none."""
    kept = beginning.rstrip(LAST_CHARACTER)
    if not kept:
        return ""
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(LAST_SURROGATE + 1 if following == FIRST_SURROGATE else following)
