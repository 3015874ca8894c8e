"""Go on in an ordered list where a row was, along an index, however far in that is."""

from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=Model)


def behind(rows: QuerySet[M], column: str, value: Any, pk: Any, *, descending: bool = False) -> QuerySet[M]:
    """Return the rows behind this place, in the order of the column and then of the id."""
    beyond = "lt" if descending else "gt"
    # The last condition lets the index seek; a plain OR would scan it from its beginning.
    return rows.filter(
        Q(**{f"{column}__{beyond}": value}) | Q(**{column: value, f"pk__{beyond}": pk}),
        **{f"{column}__{beyond}e": value},
    )
