"""The time steps of RFC 6238: find the step of a code, and explain why a step is not accepted."""

import time
from collections.abc import Iterable

from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_otp.oath import hotp

STEP = 30  # seconds
TOLERANCE = 1  # steps, each way
FARTHEST = 10  # steps; clocks that are wrong by more are not explained


def current() -> int:
    return int(time.time()) // STEP


def until_next() -> int:
    """Return the seconds until the next step begins."""
    return STEP - int(time.time()) % STEP


def matching(secret: bytes, code: str, steps: Iterable[int]) -> int | None:
    """Return the first of these steps that has this code, or None."""
    return next((step for step in steps if constant_time_compare(f"{hotp(secret, step):06d}", code)), None)


def acceptable() -> Iterable[int]:
    """Return the steps whose codes are accepted now.

    The newest comes first: if two steps share a code, accepting the later one prevents a second use.
    """
    return range(current() + TOLERANCE, current() - TOLERANCE - 1, -1)


def explain_at_enrolment(secret: bytes, code: str) -> str | None:
    """Say by how many seconds a new device's clock is off. The page shows the key: this reveals nothing."""
    now = current()
    apart = sorted(range(-FARTHEST, FARTHEST + 1), key=abs)
    step = matching(secret, code, (now + distance for distance in apart))
    if step is None or step == now:
        return None
    said = (
        _("Your device's clock is about %(n)s seconds ahead.")
        if step > now
        else _("Your device's clock is about %(n)s seconds behind.")
    )
    advice = _("Set it to automatic time, then enter the next code.")
    return said % {"n": abs(step - now) * STEP} + " " + advice


def explain_at_login(secret: bytes, code: str, last_step: int) -> str | None:
    """Say that the code was used already, or that the device's clock is behind.

    Never say anything about later steps: an attacker would learn a code that becomes valid.
    """
    now = current()
    if last_step >= 0 and matching(secret, code, [last_step]) is not None:
        return used_already(last_step, now)
    step = matching(secret, code, range(now, now - FARTHEST - 1, -1))
    if step is None:
        return None
    if step < last_step:
        return _("A newer code has already been used. Enter the one that your app shows now.")
    said = _("Your device's clock is about %(n)s seconds behind, or this is an old code.")
    advice = _("Set the clock to automatic time, or enter the code that your app shows now.")
    return said % {"n": (now - step) * STEP} + " " + advice


def used_already(step: int, now: int) -> str:
    if step < now:
        return _("This code has already been used. Enter the next one that your app shows.")
    wait = until_next()
    return ngettext(
        "This code has already been used. Wait %(n)s second for the next one.",
        "This code has already been used. Wait %(n)s seconds for the next one.",
        wait,
    ) % {"n": wait}
