"""Template filters that say when something was or will be (accounts/web/times.py)."""

from collections.abc import Callable
from datetime import datetime

from django import template

from accounts.web import times

register = template.Library()


def reading(words: Callable[[datetime], str]) -> Callable[[datetime | str | None], str]:
    """Make a filter of a function: of no time it makes "", as Django's filters do.

    What is kept for mails to many has its times as text.
    """

    def in_words(value: datetime | str | None) -> str:
        if not value:
            return ""
        return words(datetime.fromisoformat(value) if isinstance(value, str) else value)

    return in_words


for function in (
    times.relative,
    times.exact,
    times.in_full,
    times.day,
    times.countdown,
    times.machine_readable,
):
    register.filter(function.__name__, reading(function))
