"""Say when something was or will be: as people say it, and exactly, with the zone.

Exact times are in the current time zone: of the person who is signed in (accounts/sessions/middleware.py), or
who reads a mail (accounts/outbox/mails.py), else of the site.
"""

from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

MINUTE = timedelta(minutes=1)
SKEW = timedelta(seconds=5)  # between the clocks of two servers: what has just happened is not yet to come


def relative(value: datetime, now: datetime | None = None) -> str:
    """Return how far a time is away, in one unit, rounded down: "3 minutes ago", "in 6 days", "just now"."""
    # In UTC: two times in one zone are subtracted by what its clocks show, whatever was put back in between.
    now, value = (now or timezone.now()).astimezone(UTC), value.astimezone(UTC)
    if now - MINUTE < value <= now + SKEW:
        return _("just now")
    if value > now:
        left = timeuntil(value, now, depth=1)
        return (
            _("in %(time)s") % {"time": plain(left)} if value - now >= MINUTE else _("in less than a minute")
        )
    return _("%(time)s ago") % {"time": plain(timesince(value, now, depth=1))}


def plain(words: str) -> str:
    """Return the words with spaces that break, as everywhere else on the pages."""
    return words.replace("\xa0", " ")


def exact(value: datetime) -> str:
    """Return for example "3 Mar 2027, 14:00 CET"."""
    return with_zone(value, pgettext("date format", "j M Y, H:i"))


def in_full(value: datetime) -> str:
    """Return for example "3 March 2027, 14:00 CET", for running text."""
    return with_zone(value, pgettext("date format", "j F Y, H:i"))


def countdown(value: datetime) -> str:
    """Return how far away a time is, in days as long as there are several: "in 12 days", "in 23 hours"."""
    days = (value - timezone.now()).days
    if days < 2:
        return relative(value)
    return ngettext("in %(n)s day", "in %(n)s days", days) % {"n": days}


def day(value: date) -> str:
    """Return for example "3 March 2027". A time without a zone stands for its day, in every zone."""
    local = timezone.localtime(value) if isinstance(value, datetime) and timezone.is_aware(value) else value
    return date_format(local, pgettext("date format", "j F Y"))


def at_hour(on: date, hour: int) -> datetime:
    """Return this hour of a day in the current time zone.

    An hour that the change to summer time leaves out is the next time that there is; of one that comes twice,
    it is the first.
    """
    local = datetime.combine(on, time(hour), timezone.get_current_timezone())
    try:
        return timezone.localtime(local.astimezone(UTC))
    except OverflowError:  # in the years 1 and 9999, in some zones
        return local


def with_zone(value: datetime, style: str) -> str:
    local = timezone.localtime(value)
    return f"{date_format(local, style)} {zone_name(local)}"


def zone_name(local: datetime) -> str:
    """Return what the zone is called at this time; many have a number for a name: "UTC+03".

    That tells the two hours apart that the end of summer time makes of one: "CEST" and "CET".
    """
    name = local.tzname() or ""
    if name[:1].isalpha():
        return name
    return f"UTC{name[:3]}:{name[3:]}" if name[3:] else f"UTC{name}"


def zone_in_words(local: datetime) -> str:
    """Return the name of the current zone, and what it is called at this time: "Europe/Berlin (CET)"."""
    name, short = timezone.get_current_timezone_name(), zone_name(local)
    key = getattr(local.tzinfo, "key", name)
    return key if key == short else f"{key} ({short})"


def machine_readable(value: datetime) -> str:
    """Return for example "2027-03-03T13:00:00Z"."""
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
