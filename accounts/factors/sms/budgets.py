"""How many texts are sent: by whom, from where, to which number and block, and over the site (R37).

Texts that set up a number, which may be anybody's, have budgets of their own. They never use up the texts of
users who have proved that number, and no more than half of what all texts share.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy

from accounts.audit import Actor
from accounts.factors.sms.breaker import block_key
from accounts.factors.sms.wording import OTHER_WAY
from accounts.limits import Attempt, Budget, BySource, ByWidestSource, Claim, Told
from accounts.limits.budgets import DAY, HOUR
from accounts.limits.counters import counters_of
from accounts.limits.guesses import account_key
from accounts.models import User

# What people are told; the factor adds which other way this person has (wording.py).
TOO_MANY = Told(gettext_lazy("Too many text messages."), OTHER_WAY)
TOO_MANY_TO_NUMBER = Told(gettext_lazy("Too many text messages to this number."), OTHER_WAY)
TOO_MANY_FROM_NETWORK = Told(gettext_lazy("Too many text messages for people on your network."), OTHER_WAY)
TOO_MANY_OF_ALL = Told(gettext_lazy("This site can't send any more text messages at the moment."), OTHER_WAY)

SENDS_BY_USER = Budget("text:user", (1, 60), (5, HOUR), (10, DAY), told=TOO_MANY)
# Of all users who have proved this number.
SENDS_TO_NUMBER = Budget("text:number", (1, 60), (5, HOUR), (10, DAY), told=TOO_MANY)
# Of unknown browsers. Known ones are limited by their user, so that nobody else in their network can keep
# them out.
SENDS_BY_NETWORK = BySource("text:address", (20, HOUR), told=TOO_MANY_FROM_NETWORK)

SET_UPS_BY_NETWORK = BySource("text:set-up:address", (20, HOUR), told=TOO_MANY_FROM_NETWORK)
# Of the widest network; what is used is given back. The breaker counts few texts of a network, which must not
# pause a place for others, so somebody with one network would not be found out there.
UNUSED_ALARM = (
    "Too many codes that set up a number were sent for one network within an hour, and not used: this may be "
    "fraud. No more of them are sent for it until the hour is over, or until some are used. Look for the "
    "network in the events two_factor.started. Block it at the proxy or firewall; or name it in "
    "SHARED_NETWORKS if it is one of many people whom you know."
)
UNUSED_OF_NETWORK = ByWidestSource(
    "text:set-up:unused:network", (20, HOUR), alarm=UNUSED_ALARM, told=TOO_MANY_FROM_NETWORK
)
# A person's first text of the day to a number doesn't depend on what others had sent to it, but for five
# minutes on those in the same network. So nobody can keep its owner from setting it up.
FIRST_OF_PERSON = Budget("text:set-up:first", (1, DAY), told=TOO_MANY_TO_NUMBER)
FIRSTS_OF_NETWORK = BySource("text:set-up:firsts:address", (5, 300), told=TOO_MANY_TO_NUMBER)
# Further ones, by source and over all sources: nobody wants more texts that they did not ask for.
FURTHER_OF_PERSON = Budget("text:set-up:further:user", (1, HOUR), (3, DAY), told=TOO_MANY_TO_NUMBER)
FURTHER_OF_NETWORK = BySource("text:set-up:further:address", (2, HOUR), (4, DAY), told=TOO_MANY_TO_NUMBER)
FURTHER_OF_ALL = Budget("text:set-up:further", (4, HOUR), (8, DAY), told=TOO_MANY_TO_NUMBER)

# Logged once in each window, so that somebody checks whether this is fraud or just a busy day (R37).
SITE_ALARM = (
    "The hourly budget of text messages (SMS_HOURLY_BUDGET) is used up: no more are sent until it opens "
    "again."
)
DAY_ALARM = (
    "The daily budget of text messages (SMS_DAILY_BUDGET) is used up: no more are sent until it opens again."
)
BLOCK_ALARM = (
    "The hourly budget of text messages to one block of phone numbers (SMS_HOURLY_BUDGET_PER_PREFIX) is used "
    "up: it gets no more of them until it opens again."
)
SITE_SET_UP_ALARM = (
    "The hourly budget of text messages that set up a number (half of SMS_HOURLY_BUDGET) is used up: only "
    "numbers that are in use get more of them until it opens again."
)
DAY_SET_UP_ALARM = (
    "The daily budget of text messages that set up a number (half of SMS_DAILY_BUDGET) is used up: only "
    "numbers that are in use get more of them until it opens again."
)
BLOCK_SET_UP_ALARM = (
    "The hourly budget of text messages that set up a number in one block (half of "
    "SMS_HOURLY_BUDGET_PER_PREFIX) is used up: only numbers that are in use get more of them until it opens "
    "again."
)


def for_login(user: User, number: str, subject: str, *, actor: Actor) -> list[Claim]:
    """Return the budgets for one text to a number that the user has proved. `subject` is its digest."""
    claims = [
        (SENDS_BY_USER, account_key(user)),
        (SENDS_TO_NUMBER, subject),
        *shared(number),
    ]
    if not actor.browser.is_current(user):
        claims += SENDS_BY_NETWORK.claims(actor)
    return claims


def for_set_up(user: User, number: str, *, actor: Actor) -> list[Claim]:
    """Return the budgets for one text to a number that nobody has proved yet, besides those by number."""
    block, per_block = block_key(number), settings.SMS_HOURLY_BUDGET_PER_PREFIX
    per_hour, per_day = settings.SMS_HOURLY_BUDGET, settings.SMS_DAILY_BUDGET
    return [
        (SENDS_BY_USER, account_key(user)),
        *SET_UPS_BY_NETWORK.claims(actor),
        UNUSED_OF_NETWORK.claim(actor),
        *shared(number),
        (
            Budget(
                "text:set-up:block", (half(per_block), HOUR), alarm=BLOCK_SET_UP_ALARM, told=TOO_MANY_OF_ALL
            ),
            block,
        ),
        (
            Budget("text:set-up:site", (half(per_hour), HOUR), alarm=SITE_SET_UP_ALARM, told=TOO_MANY_OF_ALL),
            "",
        ),
        (
            Budget(
                "text:set-up:site:day", (half(per_day), DAY), alarm=DAY_SET_UP_ALARM, told=TOO_MANY_OF_ALL
            ),
            "",
        ),
    ]


def widest_source(actor: Actor | None) -> str:
    """Return what `text:set-up:unused:network` counts a text of this actor by."""
    return UNUSED_OF_NETWORK.claim(actor)[1] if actor else ""


def give_back_used(network: str, sent_at: datetime) -> None:
    """Count the code of a set-up as used that was sent for this network. Call it after the commit.

    If its hour is over, nothing is given back to the next one.
    """
    with transaction.atomic():
        Attempt(tuple(counters_of([(UNUSED_OF_NETWORK, network)], sent_at))).undo()


def first_of_day(user: User, subject: str, *, actor: Actor) -> list[Claim]:
    """Return the budgets by number for a person's first text of the day to it."""
    return [
        (FIRST_OF_PERSON, f"{subject}:{account_key(user)}"),
        *FIRSTS_OF_NETWORK.claims(actor, subject),
    ]


def further(user: User, subject: str, *, actor: Actor) -> list[Claim]:
    """Return the budgets by number for each further text."""
    return [
        (FURTHER_OF_PERSON, f"{subject}:{account_key(user)}"),
        *FURTHER_OF_NETWORK.claims(actor, subject),
        (FURTHER_OF_ALL, subject),
    ]


def shared(number: str) -> list[Claim]:
    """Return the budgets that all texts share: of the block, and of the site."""
    per_block = settings.SMS_HOURLY_BUDGET_PER_PREFIX
    return [
        (Budget("text:block", (per_block, HOUR), alarm=BLOCK_ALARM, told=TOO_MANY_OF_ALL), block_key(number)),
        (Budget("text:site", (settings.SMS_HOURLY_BUDGET, HOUR), alarm=SITE_ALARM, told=TOO_MANY_OF_ALL), ""),
        (
            Budget("text:site:day", (settings.SMS_DAILY_BUDGET, DAY), alarm=DAY_ALARM, told=TOO_MANY_OF_ALL),
            "",
        ),
    ]


def half(texts: int) -> int:
    return -(-texts // 2)
