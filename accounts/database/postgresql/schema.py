"""Make no index that nothing reads.

Django gives each indexed text column of PostgreSQL a second index, for searches by a beginning (`_like`). The
columns of ours are hashes, keys and names: they are looked up as a whole, and the twin is one more thing to
write for each sign-in. What is searched by its beginning says so, with an index of its own in its model.
"""

from typing import Any

from django.db.backends.postgresql import schema


class SchemaEditor(schema.DatabaseSchemaEditor):
    def _create_like_index_sql(self, model: Any, field: Any) -> None:
        return None
