"""The checks of `manage.py doctor`: each application registers its own.

A check yields what is wrong, in sentences that name rows. Each runs by itself: one that fails is a problem,
too, and keeps no other from running.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice

from django.db import connection, transaction

from accounts.database.timeouts import unhurried
from accounts.management.errors import with_place
from accounts.plugins import Registry

Finder = Callable[[], Iterable[str]]
Repair = Callable[[], int]

SHOWN = 20  # problems of one check


class Note(str):
    """Information from a check that is not a problem."""


@dataclass(frozen=True)
class Check:
    """`find` yields problems and notes; `repair` corrects problems that need no decision, and counts them.

    Problems of the smallest `urgency` are told first. `mend` is the command that mends them, or says more.
    """

    find: Finder
    repair: Repair | None = None
    urgency: int = 5
    mend: str = ""


@dataclass
class Finding:
    """What a check has found: the first sentences, how many more there are, and whether anything is wrong."""

    sentences: list[str] = field(default_factory=list)
    more: int = 0
    wrong: bool = False


# By title.
checks: Registry[Check] = Registry()
# Those that ask other servers, when they are asked for.
provider_checks: Registry[Check] = Registry()


def examine(check: Check) -> Finding:
    """Carry out a check. Never raises: a check that fails is a problem."""
    finding = Finding()
    try:
        with unhurried():
            found = iter(check.find())
            for sentence in islice(found, SHOWN):
                finding.sentences.append(sentence)
                finding.wrong |= not isinstance(sentence, Note)
            finding.more = sum(1 for _ in found)
            finding.wrong |= finding.more > 0
            leave_nothing_behind()
    except Exception as error:  # the other checks go on
        finding.sentences.append(f"this could not be checked to the end: {with_place(error)}")
        finding.wrong = True
        give_connection_back()
    return finding


def leave_nothing_behind() -> None:
    """Roll back what a check has tried out: a commit could wait for a standby that is gone."""
    if connection.vendor == "postgresql":
        transaction.set_rollback(True)


def repair(check: Check) -> tuple[int, str]:
    """Have a check correct what needs no decision; return how much it was, and what went wrong, or ""."""
    if check.repair is None:
        return 0, ""
    try:
        return check.repair(), ""
    except Exception as error:  # as above
        give_connection_back()
        return 0, with_place(error)


def give_connection_back() -> None:
    """Close a connection that has broken, so that the next check gets another one."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
