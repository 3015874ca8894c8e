"""Read the first rows of several querysets with one statement."""

from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL


def ids_of(*querysets: QuerySet[Any]) -> RawSQL:
    """Return the ids of the rows of all of these, for `pk__in`. Each may have an order, and be a slice.

    The ORM's union() can't hold slices on SQLite; and an OR of conditions would read the whole table.
    """
    parts, parameters = [], []
    for number, rows in enumerate(querysets):
        sql, bound = rows.values("pk").query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
        parts.append(f"SELECT * FROM ({sql}) AS part{number}")  # noqa: S608 - by the ORM
        parameters += bound
    return RawSQL(" UNION ".join(parts), parameters)  # noqa: S611 - by the ORM
