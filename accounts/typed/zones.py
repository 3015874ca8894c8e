"""Time zones, by the IANA names that people choose them by."""

import zoneinfo
from collections.abc import Iterator
from datetime import tzinfo
from functools import cache
from itertools import groupby

from django.utils import timezone

LONGEST_NAME = 64  # characters; the longest name of today has 32
# The other names are former spellings, and zones of no place. Whoever has stored one keeps it.
REGIONS = frozenset(
    "Africa America Antarctica Arctic Asia Atlantic Australia Europe Indian Pacific".split()  # noqa: SIM905
)


def zone_of(name: str) -> tzinfo:
    """Return the zone with this name; for "", and for a name that this server does not know, the site's.

    Names come and go with the time zone data of the system, and a name that was stored is never an error.
    """
    try:
        return zoneinfo.ZoneInfo(name) if name else timezone.get_default_timezone()
    except (KeyError, ValueError, OSError):  # unknown, malformed, a folder of zones
        return timezone.get_default_timezone()


@cache
def names() -> frozenset[str]:
    """Return the names that can be chosen: those of places, as far as this server has their data."""
    return frozenset(name for name in zoneinfo.available_timezones() if name.partition("/")[0] in REGIONS)


@cache
def by_region() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Return (region, its zones) in the order of the alphabet; a zone is (name, place)."""
    return tuple(
        (region, tuple(sorted(places(found), key=lambda zone: zone[1])))
        for region, found in groupby(sorted(names()), key=lambda name: name.partition("/")[0])
    )


def places(zone_names: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Yield (name, place): a list is searched by the place, so it begins with that: "Knox, Indiana"."""
    for name in zone_names:
        yield name, ", ".join(reversed(name.replace("_", " ").split("/")[1:]))
