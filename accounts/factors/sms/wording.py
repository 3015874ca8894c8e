"""What texts say, and what pages say about them."""

from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import factors
from accounts.exceptions import RateLimited
from accounts.factors.sms.models import Destination, TextMessage
from accounts.limits.budgets import HOUR
from accounts.models import User


class TooManyTexts(RateLimited):
    """A budget of texts is used up. The message also says which other way there is."""

    def __init__(self, retry_after: int, other_way: str) -> None:
        super().__init__(retry_after)
        self.args = (f"{self} {other_way}",)


def other_way_to_set_up() -> str:
    return _("Or use an application instead, which you can set up right away.")


def other_ways_to_sign_in(user: User) -> str:
    """Return which of the user's other ways can be used now."""
    others = [factor for factor in factors.methods_of(user).working if not factor.acts]
    if others:
        return _("Use %(method)s or a recovery code instead.") % {"method": others[0].label}
    return _("Use a recovery code instead.")


def set_ups_paused(pause: Destination) -> str:
    """Return why a number of this country or block can't be set up at the moment."""
    if pause.ending:
        paused = _("Text messages to numbers that begin like this one are paused at the moment.")
    else:
        paused = _("Text messages to that country are paused at the moment.")
    other_way = _("Use an application instead, which you can set up right away.")
    return f"{paused} {again_in(pause)} {other_way}"


def logins_paused(pause: Destination, user: User) -> str:
    """Return why this user gets no text, which other ways there are, and whom to ask."""
    if pause.ending:
        paused = _("Text messages to numbers that begin like yours are paused at the moment.")
    else:
        paused = _("Text messages to your country are paused at the moment.")
    cause = _("The reason is not your account: others have misused text messages.")
    if settings.SUPPORT_EMAIL:
        ask = _("If you have neither, write to %(address)s.") % {"address": settings.SUPPORT_EMAIL}
    else:
        ask = _("If you have neither, ask the administrators of this site.")
    return f"{paused} {cause} {again_in(pause)} {other_ways_to_sign_in(user)} {ask}"


def again_in(pause: Destination) -> str:
    if pause.paused_until is None:
        return _("We do not know yet when they will be sent again.")
    seconds = (pause.paused_until - timezone.now()).total_seconds()
    hours = max(1, -(-round(seconds) // HOUR))  # rounded up
    return ngettext("We try again in %(n)s hour.", "We try again in %(n)s hours.", hours) % {"n": hours}


def body(code: str) -> str:
    """Return the text. Its last line binds the code to our domain: phones fill it in there only."""
    host = urlsplit(settings.SITE_URL).hostname or ""
    if ":" in host:  # an address of IPv6
        host = f"[{host}]"
    said = _("%(code)s is your %(site)s code. It is valid for 5 minutes. Never tell it to anybody.") % {
        "code": code,
        "site": settings.SITE_NAME,
    }
    return f"{said}\n\n@{host} #{code}"


def question(own: TextMessage | None, number: str, *, paused: bool) -> str:
    if own is None and paused:
        return _("We can't text a code to %(number)s now.") % {"number": number}
    if own is None:
        return _("We can text a code to %(number)s.") % {"number": number}
    return _("Enter the code that we sent to %(number)s.") % {"number": number}


def delivery(message: TextMessage | None) -> str:
    """Return the delivery status of the text, without reasons (SM-10)."""
    if message is None:
        return ""
    if message.status == TextMessage.Status.DELIVERED:
        return _("The text message was delivered.")
    if message.status == TextMessage.Status.FAILED:
        return _("The text message could not be delivered. Use another way, or try again later.")
    return _("The text message is on its way.")
