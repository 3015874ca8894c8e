"""Break the database at exactly one write of an operation, once for each of its writes."""

from contextlib import contextmanager

from django.db import OperationalError, connection

WRITES = ("INSERT", "UPDATE", "DELETE")


class Fault:
    """Counts writes; the one with this number fails as if the database had gone away."""

    def __init__(self, number):
        self.number = number
        self.writes = 0
        self.statement = None

    @property
    def struck(self):
        return self.statement is not None

    def __call__(self, execute, sql, params, many, context):
        if sql.lstrip().upper().startswith(WRITES):
            self.writes += 1
            if self.writes == self.number:
                self.statement = sql
                raise OperationalError(f"injected at write {self.number}")
        return execute(sql, params, many, context)


@contextmanager
def fault_at(number):
    fault = Fault(number)
    with connection.execute_wrapper(fault):
        yield fault
