"""Have PostgreSQL read rows along the index that has their order, and not along one that begins like it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

# The true is LOCAL: until the end of the transaction.
ALONG_ONE_INDEX = "SELECT set_config('enable_incremental_sort', 'off', true)"


@contextmanager
def along_one_index() -> Iterator[None]:
    """Run the block in a transaction that sorts nothing by its last columns alone.

    The first rows of one organization, newest first, would be looked for among those of everybody, along the
    index of times: it seems cheap, and reads all that others have done since. SQLite does not do that.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(ALONG_ONE_INDEX)
        yield
