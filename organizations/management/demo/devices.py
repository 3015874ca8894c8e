"""What the people of the demo hold in their hands: an authenticator app, a telephone."""

import base64
import re

from django_otp.oath import hotp

from accounts.factors.base import Factor
from accounts.factors.totp import steps
from accounts.factors.totp.factor import secret_of
from accounts.factors.totp.models import TOTPDevice
from accounts.models import OutboxMessage, User
from accounts.outbox import queue

APP, TEXTS = "app", "sms"


def code_for(user: User, factor: Factor, state: dict[str, object] | None = None) -> str:
    """Return the code that somebody reads off the app, or off the newest text."""
    if factor.slug != APP:
        text = OutboxMessage.objects.filter(kind="text").latest("pk")
        return str(re.findall(r"\d{6}", queue.opened(text)["body"])[0])
    pk = (state or {}).get("device_id")
    device = TOTPDevice.objects.get(user=user, **({"pk": pk} if pk else {"confirmed": True}))
    # In the story the last code was used days ago.
    TOTPDevice.objects.filter(pk=device.pk).update(last_step=-1)
    return code_at(device, steps.current())


def code_at(device: TOTPDevice, step: int) -> str:
    return f"{hotp(secret_of(device), step):06d}"


def put_away() -> None:
    """Leave nothing that was used just now: codes are good at once, and no text of the story is sent."""
    TOTPDevice.objects.filter(confirmed=True).update(last_step=-1)
    OutboxMessage.objects.filter(kind="text").delete()


class NoApp(Exception):
    """The user has no authenticator app."""


def app_of(username: str) -> TOTPDevice:
    """Return the authenticator app of a user. Raises NoApp."""
    device: TOTPDevice | None = TOTPDevice.objects.filter(user__username=username, confirmed=True).first()
    if device is None:
        raise NoApp
    return device


def seconds_until_unused(device: TOTPDevice) -> int:
    """Return the seconds until the app shows a code that was not used; 0 if it does now."""
    return steps.until_next() if device.last_step >= steps.current() else 0


def shown_by(device: TOTPDevice) -> tuple[str, int, str]:
    """Return the code of now, for how many seconds it is shown, and the key for another app."""
    key = base64.b32encode(secret_of(device)).decode()
    return code_at(device, steps.current()), steps.until_next(), key
