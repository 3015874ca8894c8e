"""Reads whose SQL is compiled once. The ORM needs more time to compile it than the database to run it.

A prepared read is a queryset as a function of its parameters, which may be used only as values of lookups.
The first use in each thread compiles the statement, because connections belong to threads. Later uses bind
their values and run it, and Django makes objects of the rows as it always does. Use it for reads that most
requests make, to find few rows by a key: PostgreSQL has one plan for all values
(accounts/database/postgresql/plans.py).
"""

import inspect
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models.expressions import RawSQL
from django.db.transaction import TransactionManagementError

from accounts.database.postgresql.plans import PreparedSQL

Row = TypeVar("Row")  # of a model, or of values

DATETIME: "models.Field[datetime, datetime]" = models.DateTimeField()


@dataclass(frozen=True)
class Parameter:
    """A placeholder in the compiled statement for a value that each read passes."""

    name: str


class Plan(Generic[Row]):
    """A queryset whose compiler has written its SQL, and says the same again with other values."""

    def __init__(self, queryset: models.QuerySet[Any, Row], names: set[str], *, planned_once: bool) -> None:
        query: Any = queryset.query
        self.queryset = queryset
        # What reads the rows for the queryset, which would also keep them.
        rows_of: Any = queryset._iterable_class
        self.found = rows_of(queryset)
        self.compiler: Any = query.get_compiler(DEFAULT_DB_ALIAS)
        sql, self.parameters = self.compiler.as_sql()
        self.sql = PreparedSQL(sql) if planned_once else sql
        if queryset._prefetch_related_lookups:  # type: ignore[attr-defined]
            raise TypeError("a prepared read is one statement: it can't prefetch")
        if names != {each.name for each in self.parameters if isinstance(each, Parameter)}:
            raise TypeError(f"a parameter of {names} is not in the statement: {self.sql}")
        query.get_compiler = lambda *using, **options: self.compiler
        # What turns columns into values depends on the statement alone.
        self.compiler.get_converters = found_once(self.compiler.get_converters)
        self.compiler.has_composite_fields = found_once(self.compiler.has_composite_fields)

    def rows(self, values: dict[str, Any]) -> list[Row]:
        self.refuse_locks_outside_of_transactions()
        taken = {name: for_database(value) for name, value in values.items()}
        bound = [taken[each.name] if isinstance(each, Parameter) else each for each in self.parameters]
        self.compiler.as_sql = lambda: (self.sql, bound)
        return list(self.found)

    def refuse_locks_outside_of_transactions(self) -> None:
        """Raise TransactionManagementError, as Django's compiler does, which has done its work long ago."""
        if self.queryset.query.select_for_update and connection.get_autocommit():
            raise TransactionManagementError("select_for_update cannot be used outside of a transaction.")


def for_database(value: Any) -> Any:
    """Return what the database takes for the value of a parameter."""
    return DATETIME.get_db_prep_value(value, connection) if isinstance(value, datetime) else value


def found_once(find: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function that has `find` find something once, and returns that from then on."""
    found: list[Any] = []

    def find_once(columns: Any) -> Any:
        if not found:
            found.append(find(columns))
        return found[0]

    return find_once


class Prepared(Generic[Row]):
    """A read that is compiled at its first use: `Prepared(lambda key: Thing.objects.filter(key=key))`."""

    def __init__(self, build: Callable[..., models.QuerySet[Any, Row]], *, planned_once: bool = True) -> None:
        """`planned_once` is for reads that one plan of PostgreSQL suits, whatever the values."""
        self.build, self.planned_once = build, planned_once
        self.names = set(inspect.signature(build).parameters)
        self.local = threading.local()

    def all(self, **values: Any) -> list[Row]:
        plan: Plan[Row] | None = getattr(self.local, "plan", None)
        # A thread's connection can be another one by now: inside an event loop it is.
        if plan is None or plan.compiler.connection is not connections[DEFAULT_DB_ALIAS]:
            stand_ins = {name: RawSQL("%s", (Parameter(name),)) for name in self.names}
            plan = self.local.plan = Plan(self.build(**stand_ins), self.names, planned_once=self.planned_once)
        return plan.rows(values)

    def first(self, **values: Any) -> Row | None:
        """Return the first row, or None. The statement has no LIMIT: use it for reads of at most one row."""
        return next(iter(self.all(**values)), None)
