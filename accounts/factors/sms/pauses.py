"""Pause and lift by hand: what administrators do when the breaker is too late, or wrong."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.audit import Actor
from accounts.exceptions import Gone, RuleViolation
from accounts.factors.sms import breaker, news
from accounts.factors.sms.countries import named
from accounts.factors.sms.models import Destination, Purpose
from accounts.factors.sms.numbers import country_of, prefix_of
from accounts.models import User
from accounts.sessions.locks import acting, lock_acting_user
from accounts.users.administration import begin_change

CHANGE = "factor_sms.change_destination"

# What a superuser can let staff do (accounts/users/rights.py).
PERMISSIONS = {
    "factor_sms.view_destination": _("See pauses of text messages"),
    CHANGE: _("Pause text messages, and lift pauses"),
}


class MayNotPause(RuleViolation):
    code = "may-not-pause"
    message = _("You can see these pauses, but you can't change them. Ask a superuser.")


class NotPaused(Gone):
    code = "not-paused"
    message = _("Text messages there aren't paused.")


class CountryNotTexted(RuleViolation):
    code = "country-not-texted"
    message = _("SMS_COUNTRIES does not list %(name)s, so no text messages are sent there.")
    fields = ("country",)


def may_change(user: User) -> bool:
    """Return whether this user may pause texts and lift pauses."""
    return user.is_active and user.is_staff and user.has_perm(CHANGE)


def pause_country(country: str, purposes: list[str], *, reason: str, actor: Actor) -> None:
    """Pause texts to a country until somebody lifts it.

    Raises MayNotPause, CountryNotTexted, ReasonMissing, ReasonTooLong, RateLimited, SessionEnded.
    """
    if country not in settings.SMS_COUNTRIES:
        raise CountryNotTexted(name=named(country))
    pause(country, country, "", purposes, reason=reason, actor=actor)


def pause_block(number: str, purposes: list[str], *, reason: str, actor: Actor) -> None:
    """Do the same to the block of this number, given in E.164. Raises MayNotPause, SessionEnded."""
    ending = prefix_of(number)[-2:]
    key = breaker.block_key(number)
    pause(key, country_of(number), ending, purposes, reason=reason, actor=actor)


def pause(key: str, country: str, ending: str, purposes: list[str], *, reason: str, actor: Actor) -> None:
    """Pause texts; what is paused by hand already stays as it is. Raises as the functions above."""
    reason = begin_change(reason, actor=actor)
    with acting(actor):
        check_may_change(actor)
        for purpose in [purpose for purpose in Purpose if purpose in purposes]:  # in the order of the breaker
            row, _created = Destination.objects.get_or_create(
                key=key, purpose=purpose, defaults={"country": country, "ending": ending}
            )
            if row.is_paused_by_hand:
                continue
            breaker.pause_by_hand(row, reason)
            news.paused(row, actor=actor, reason=reason)


def lift(row: Destination, *, reason: str, actor: Actor) -> None:
    """End a pause and count anew.

    Raises MayNotPause, NotPaused, ReasonMissing, ReasonTooLong, RateLimited, SessionEnded.
    """
    reason = begin_change(reason, actor=actor)
    with acting(actor):
        check_may_change(actor)
        if not breaker.lift(Destination.objects.paused().filter(pk=row.pk)):
            raise NotPaused
        news.resumed(row, actor=actor, reason=reason)


def check_may_change(actor: Actor) -> None:
    """Raise MayNotPause unless the actor's rights, which may have ended by now, are enough."""
    if actor.user is not None and not may_change(lock_acting_user(actor.user)):
        raise MayNotPause
