"""Texts in JSON columns that an index is of."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.fields.json import KeyTextTransform
from django.db.models.sql.compiler import SQLCompiler


class JSONText(KeyTextTransform):
    """A text under a key of a JSON object: JSONText("email", "data").

    Every process writes it alike. What Django writes for SQLite has the members of a set in it, in another
    order in each process: an index of that would be used by some processes only.
    """

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra_context: Any
    ) -> tuple[str, Any]:
        column, params = compiler.compile(self.lhs)
        return f"JSON_EXTRACT({column}, '$.\"{self.key_name}\"')", params
