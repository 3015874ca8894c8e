"""Tell errors without the values in them: the text of an error may hold an address, a number or a secret."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError
from django.db import Error, OperationalError, ProgrammingError

# They tell of tables, servers and timeouts; all but the first line may quote a statement.
TELLING = (OperationalError, ProgrammingError)


def in_words(error: BaseException) -> str:
    """Return the class of an error, and its first line if that is certain to hold no value."""
    name = type(error).__name__
    return f"{name}: {first_line(error)}" if isinstance(error, TELLING) else name


def first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), "")


def with_place(error: BaseException) -> str:
    """Return `in_words`, and the line of code where it happened."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    return in_words(error) + ("" if isinstance(error, TELLING) else place)


class Told(Exception):
    """Stands for an error in the log: with its place and its causes, without its words."""


def without_values(error: BaseException) -> BaseException:
    """Return what to log in the place of an error."""
    told: BaseException = Told(in_words(error))
    if isinstance(error, BaseExceptionGroup):
        told = BaseExceptionGroup("several errors", [without_values(part) for part in error.exceptions])
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    told.__cause__ = without_values(cause) if cause else None
    return told.with_traceback(error.__traceback__)


@contextmanager
def answering() -> Iterator[None]:
    """Raise CommandError, in one sentence, if the database does not answer in the block."""
    try:
        yield
    except Error as error:
        raise CommandError(
            f"The database does not answer ({first_line(error)}). "
            "Check that DATABASE_URL is right and that the server runs."
        ) from error
