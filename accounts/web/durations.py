"""Express durations in words."""

from datetime import timedelta

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def in_words(duration: timedelta) -> str:
    """Return for example "14 days" or "1 hour and 30 minutes", without seconds: settings are in minutes."""
    hours, minutes = divmod(int(duration.total_seconds()) // 60, 60)
    days, hours = divmod(hours, 24)
    parts = [
        (days, ngettext("%(n)s day", "%(n)s days", days)),
        (hours, ngettext("%(n)s hour", "%(n)s hours", hours)),
        (minutes, ngettext("%(n)s minute", "%(n)s minutes", minutes)),
    ]
    return get_text_list([words % {"n": number} for number, words in parts if number], _("and"))
