"""What texts say, and what pages say about them."""

from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import factors
from accounts.exceptions import DecryptionFailed, RateLimited
from accounts.factors.sms.countries import name_of
from accounts.factors.sms.models import LENGTHS, Destination, Purpose, SMSDevice, TextMessage
from accounts.factors.sms.numbers import country_of, mask
from accounts.factors.sms.sealed_numbers import number_of
from accounts.limits import Told, refusal_of
from accounts.limits.wording import whom_to_ask
from accounts.models import User
from accounts.web.durations import when

OTHER_WAY = gettext_lazy("Use an app or a recovery code instead.")


def too_many_texts(error: RateLimited, other_way: str) -> RateLimited:
    """Return the same refusal with the other way that this person has."""
    return refusal_of(Told(error.what, other_way), error.retry_after)


def other_way_to_set_up() -> str:
    return _("Use an authenticator app instead. You can set one up right away.")


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
        paused = _("Text messages to numbers in this country are paused at the moment: %(name)s.") % {
            "name": name_of(pause.country)
        }
    return f"{paused} {again_in(pause)} {other_way_to_set_up()}"


def logins_paused(pause: Destination, user: User) -> str:
    """Return why this user gets no text, which other ways there are, and whom to ask."""
    if pause.ending:
        paused = _("Text messages to numbers that begin like yours are paused at the moment.")
    else:
        paused = _("Text messages to your country are paused at the moment.")
    cause = _("Your account isn't the reason: others have misused text messages.")
    ask = _("If you have neither, %(ask)s.") % {"ask": whom_to_ask()}
    return f"{paused} {cause} {again_in(pause)} {other_ways_to_sign_in(user)} {ask}"


def again_in(pause: Destination) -> str:
    if pause.paused_until is None:
        return _("We don't know yet when we can send them again.")
    left = min(pause.paused_until - timezone.now(), LENGTHS[Purpose(pause.purpose)])
    seconds = max(1, round(left.total_seconds()))
    return _("We'll try again %(when)s.") % {"when": when(seconds)}


def body(code: str) -> str:
    """Return the text. Its last line binds the code to our domain: phones fill it in there only."""
    host = urlsplit(settings.SITE_URL).hostname or ""
    if ":" in host:  # an address of IPv6
        host = f"[{host}]"
    said = _("%(code)s is your %(site)s code. It is valid for 5 minutes. Never share it with anybody.") % {
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


def shown(device: SMSDevice, *, set_up: bool) -> str:
    """Return the masked number. While it is set up, add its country: a number may be read as another one."""
    masked = mask(device.last_digits)
    try:
        return f"{masked} ({name_of(country_of(number_of(device)))})" if set_up else masked
    except DecryptionFailed:  # asking for a text says so
        return masked


def masked(number: str) -> str:
    """Return a number in E.164 as pages show it before it is stored: masked, with its country."""
    return f"{mask(number[-2:])} ({name_of(country_of(number))})"


def delivery(message: TextMessage | None) -> str:
    """Return the delivery status of the text, without reasons (SM-10)."""
    if message is None:
        return ""
    if message.status == TextMessage.Status.DELIVERED:
        return _("The text message was delivered.")
    if message.status == TextMessage.Status.FAILED:
        return _("We couldn't deliver the text message. Use another way, or try again later.")
    return _("The text message is on its way.")
