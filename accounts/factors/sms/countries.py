"""Names of countries and territories, and which of them a calling code covers.

SMS_COUNTRIES lists ISO codes. A calling code can belong to several of them: +44 to the United Kingdom, and to
Jersey, Guernsey and the Isle of Man, whose texts cost several times as much. Each has to be listed by itself.
"""

from collections.abc import Iterable, Iterator
from functools import cache

import phonenumbers
from babel import Locale, UnknownLocaleError
from django.utils.text import get_text_list
from django.utils.translation import get_language
from django.utils.translation import gettext as _

NOWHERE = "001"  # what phonenumbers calls numbers of no country, such as those of satellites


def name_of(region: str) -> str:
    """Return the name of a country in the language of the page; what is none, such as "+882", as it is."""
    if region == NOWHERE:
        return _("no country")
    return names_in(get_language() or "en").get(region, region)


@cache
def names_in(language: str) -> dict[str, str]:
    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        locale = Locale.parse("en")
    return dict(locale.territories)


def coverage(regions: Iterable[str]) -> Iterator[str]:
    """Yield which regions get texts, and for each calling code that they share with others, which don't."""
    listed = list(regions)
    yield f"texts go to {get_text_list(sorted(map(named, listed)), 'and')}"
    codes = {phonenumbers.country_code_for_region(region) for region in listed}
    for code in sorted(codes - {0}):
        sharing = sorted(phonenumbers.region_codes_for_country_code(code), key=name_of)
        if others := [named(region) for region in sharing if region not in listed]:
            yield f"numbers with +{code} that get no texts: {get_text_list(others, 'and')}"


def named(region: str) -> str:
    return f"{name_of(region)} ({region})"
