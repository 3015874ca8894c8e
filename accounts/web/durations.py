"""Express durations and times in words: pages, mails, the API and commands all use these."""

from datetime import timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.web.times import zone_name

MINUTE, HOUR = 60, 3600  # seconds
SOON = 6 * HOUR  # people count so many hours, and look at the clock for more


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


def minutes_in_words(minutes: int) -> str:
    return in_words(timedelta(minutes=minutes))


def try_again(seconds: int) -> str:
    """Return for example "Try again in 5 minutes." or "Try again tomorrow at 14:05 UTC."."""
    return _("Try again %(when)s.") % {"when": when(seconds)}


def when(seconds: int) -> str:
    """Return when so many seconds are over, never too early, in the current time zone (times.py).

    For example "in 5 minutes", "in about 3 hours, at 14:05 UTC" or "tomorrow at 14:05 UTC".
    """
    if seconds < 2 * MINUTE:
        return ngettext("in %(n)s second", "in %(n)s seconds", seconds) % {"n": seconds}
    if seconds <= HOUR - MINUTE:
        minutes = -(-seconds // MINUTE)
        return ngettext("in %(n)s minute", "in %(n)s minutes", minutes) % {"n": minutes}
    now = timezone.localtime()
    end = timezone.localtime(timezone.now() + timedelta(seconds=seconds))
    if end.second or end.microsecond:
        end = end.replace(second=0, microsecond=0) + timedelta(minutes=1)
    at = {"time": f"{end:%H:%M} {zone_name(end)}"}
    if seconds < SOON:
        hours = round(seconds / HOUR)
        words = ngettext("in about %(n)s hour, at %(time)s", "in about %(n)s hours, at %(time)s", hours)
        return words % {"n": hours, **at}
    days = (end.date() - now.date()).days
    if days == 0:
        return _("today at %(time)s") % at
    if days == 1:
        return _("tomorrow at %(time)s") % at
    return _("on %(date)s at %(time)s") % {
        "date": date_format(end, pgettext("date format", "j F Y")),
        **at,
    }
