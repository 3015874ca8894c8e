"""Reads whose SQL is compiled once. The ORM needs more time to compile it than the database to run it.

A prepared read is a queryset as a function of its parameters, which may be used only as values of lookups.
The first use in each thread compiles the statement and works out how to build objects from its rows, because
connections belong to threads. Later uses only run the statement. Use it for reads that most requests make.
"""

import inspect
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.expressions import RawSQL
from django.db.models.query import get_related_populators

M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True)
class Parameter:
    """A placeholder in the compiled statement for a value that each read passes."""

    name: str


class Plan(Generic[M]):
    """A compiled queryset. Does what django.db.models.query.ModelIterable does, without compiling again."""

    def __init__(self, queryset: models.QuerySet[M], names: set[str]) -> None:
        self.connection = connections[DEFAULT_DB_ALIAS]
        self.compiler: Any = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        self.sql, self.parameters = self.compiler.as_sql()
        if names != {each.name for each in self.parameters if isinstance(each, Parameter)}:
            raise TypeError(f"a parameter of {names} is not in the statement: {self.sql}")
        select, klass_info = self.compiler.select, self.compiler.klass_info
        columns = klass_info["select_fields"]
        self.model: type[M] = klass_info["model"]
        self.columns = slice(columns[0], columns[-1] + 1)
        self.names = [column[0].target.attname for column in select[self.columns]]
        # The stubs are for Django 6.1, which has one more parameter.
        self.related = get_related_populators(klass_info, select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]
        self.annotations = self.compiler.annotation_col_map or {}
        self.converters = self.compiler.get_converters([column[0] for column in select])

    def rows(self, values: dict[str, Any]) -> list[M]:
        with self.connection.cursor() as cursor:
            cursor.execute(self.sql, [self.given(parameter, values) for parameter in self.parameters])
            found = cursor.fetchall()
        return [self.made_of(row) for row in self.compiler.apply_converters(found, self.converters)]

    def given(self, parameter: Any, values: dict[str, Any]) -> Any:
        if not isinstance(parameter, Parameter):
            return parameter
        value = values[parameter.name]
        return self.connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value

    def made_of(self, row: Any) -> M:
        made = self.model.from_db(DEFAULT_DB_ALIAS, self.names, row[self.columns])
        for populator in self.related:
            populator.populate(row, made)
        for name, position in self.annotations.items():
            setattr(made, name, row[position])
        return made


class Prepared(Generic[M]):
    """A read that is compiled at its first use: `Prepared(lambda key: Thing.objects.filter(key=key))`."""

    def __init__(self, build: Callable[..., models.QuerySet[M]]) -> None:
        self.build = build
        self.names = set(inspect.signature(build).parameters)
        self.of_thread = threading.local()

    def all(self, **values: Any) -> list[M]:
        plan: Plan[M] | None = getattr(self.of_thread, "plan", None)
        if plan is None:
            stand_ins = {name: RawSQL("%s", (Parameter(name),)) for name in self.names}
            plan = self.of_thread.plan = Plan(self.build(**stand_ins), self.names)
        return plan.rows(values)

    def first(self, **values: Any) -> M | None:
        """Return the first row, or None. The statement has no LIMIT: use it for reads of at most one row."""
        return next(iter(self.all(**values)), None)
