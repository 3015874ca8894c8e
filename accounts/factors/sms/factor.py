"""Codes by text message: six random digits, five minutes, five tries, only the newest (R34-R40, NIST 3.1.3).

SMS is a restricted authenticator: an application is always offered as an alternative.
"""

import secrets
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import limits, outbox
from accounts.audit import Actor
from accounts.crypto import digest, digests, seal
from accounts.database.batches import delete_in_batches, update_in_batches
from accounts.exceptions import DecryptionFailed, EnrolmentExpired, MethodPaused, RateLimited, SessionEnded
from accounts.factors.base import SIX_DIGIT_CODES, Device, Factor, State, explain_format, six_digits
from accounts.factors.sms import breaker, budgets, wording
from accounts.factors.sms.backends import get_backend
from accounts.factors.sms.countries import coverage
from accounts.factors.sms.forms import PhoneNumberForm
from accounts.factors.sms.models import Destination, Purpose, SMSDevice, TextMessage
from accounts.factors.sms.sealed_numbers import number_digest, number_of, sealing_context
from accounts.factors.sms.webhook import urlpatterns
from accounts.limits import Claim
from accounts.limits.guesses import account_key
from accounts.models import Level, User
from accounts.models.clocks import CLOCK_SKEW

LIFETIME = timedelta(minutes=5)
MOST_TRIES = 5
COOLDOWN = 60  # seconds


class SMSFactor(Factor):
    slug = "sms"
    level = Level.TEXTS
    label = gettext_lazy("SMS (Text Message)")
    choice_label = gettext_lazy("SMS Only (Text Message)")
    proof_label = gettext_lazy("Text message")
    step_label = gettext_lazy("Verify your number")
    device_model = SMSDevice
    details_form = PhoneNumberForm
    guesses = SIX_DIGIT_CODES
    acts = True
    act_label = gettext_lazy("Text me a code")
    urls = urlpatterns

    def named(self, details: dict[str, Any]) -> str:
        """Return the label with the masked number and its country: a number may be read as another one."""
        return f"{self.label} {wording.masked(details['phone_number'])}"

    def claims(self, user: User, state: State, *, actor: Actor) -> list[Claim]:
        """Return the budgets for one more text. Those by number of a set-up are chosen by `reserve`."""
        number = number_of(self.device_for(user, state))
        if is_set_up(state):
            return budgets.for_set_up(user, number, actor=actor)
        return budgets.for_login(user, number, number_digest(number), actor=actor)

    def reserve(self, user: User, state: State, *, actor: Actor) -> None:
        """Spend the budgets of one text. Raises MethodPaused, RateLimited; both name another way."""
        try:
            self.check_pause(user, self.device_for(user, state), state)
        except MethodPaused:
            breaker.shorten_pauses()
            raise
        claims = self.claims(user, state, actor=actor)
        try:
            if is_set_up(state):
                subject = number_digest(number_of(self.device_for(user, state)))
                reserve_set_up(user, subject, claims, actor=actor)
            else:
                limits.reserve(*claims)
        except RateLimited as error:
            other_way = (
                wording.other_way_to_set_up() if is_set_up(state) else wording.other_ways_to_sign_in(user)
            )
            raise wording.too_many_texts(error, other_way) from error

    def check_pause(self, user: User, device: SMSDevice, state: State) -> None:
        """Raise MethodPaused if texts to this number are paused. Pure. Raises DecryptionFailed."""
        number = number_of(device)
        if is_set_up(state):
            breaker.check_set_up(number)
        elif pause := breaker.pause_of(number, Purpose.LOGIN):
            raise MethodPaused(wording.logins_paused(pause, user))

    def notes(self) -> Iterable[str]:
        yield from (f"SMS_COUNTRIES: {sentence}" for sentence in coverage(settings.SMS_COUNTRIES))
        for row in Destination.objects.paused().order_by("country", "key", "purpose"):
            until = f"until {row.paused_until:%Y-%m-%d %H:%M} UTC" if row.paused_until else "until lifted"
            yield (
                f"text messages to {row.place} for {row.get_purpose_display()} are paused {until}: "
                f"{row.used} of {row.sent} codes were used"
            )

    def begin_enrolment(self, user: User, **details: Any) -> State:
        number = details["phone_number"]
        breaker.check_set_up(number)
        device = SMSDevice(user=user, confirmed=False, number_digest=number_digest(number))
        device.sealed_number, device.last_digits = seal(number, sealing_context(user.pk)), number[-2:]
        device.save()
        return {"device_id": device.pk, "purpose": "enrolment"}

    def complete_enrolment(self, user: User, answer: str, state: State) -> Device | None:
        return self.confirm(user, state) if self.use_up(user.pk, answer, state) else None

    def challenge(self, user: User, state: State, *, actor: Actor | None = None) -> State:
        """Text a new code, which replaces all former codes of this user."""
        device = self.device_for(user, state)
        code = f"{secrets.randbelow(1_000_000):06d}"
        now = timezone.now()
        TextMessage.objects.filter(user=user, replaced_at=None).update(replaced_at=now)
        message = TextMessage.objects.create(
            user=user, device=device, purpose=state["purpose"], created_at=now, expires_at=now + LIFETIME
        )
        message.digest = digest(code, code_purpose(message))
        message.save(update_fields=["digest"])
        source = {
            "purpose": breaker.purpose_of(message.purpose).value,
            "person": account_key(user),
            "network": breaker.source_network(actor),
        }
        text = {"message_id": message.pk, "to": number_of(device), "body": wording.body(code)}
        outbox.enqueue_message("text", text | {"source": source}, LIFETIME)
        return state | {"message_id": message.pk, "network": budgets.widest_source(actor)}

    def consume(self, device: Device, answer: str, state: State) -> bool:
        if not self.unchanged(device).exists():
            return False
        if not self.use_up(device.user_id, answer, state):
            number_of(cast(SMSDevice, device))  # raises with a wrong key, where a right code looks wrong
            return False
        return self.unchanged(device).update(**self.used()) == 1

    def use_up(self, user_id: int, answer: str, state: State) -> bool:
        """Use the code up and return True if the answer is right; else count the try and return False."""
        code, message = six_digits(answer), self.live_message(user_id, state)
        if code is None or message is None:
            return False
        right = TextMessage.objects.filter(
            pk=message.pk, used_at=None, tries__lt=MOST_TRIES, digest__in=digests(code, code_purpose(message))
        ).update(used_at=timezone.now(), digest="")
        if right:
            transaction.on_commit(lambda: breaker.count_used(message), robust=True)
            if is_set_up(state) and "network" in state:
                network, at = state["network"], message.created_at
                transaction.on_commit(lambda: budgets.give_back_used(network, at), robust=True)
        else:
            TextMessage.objects.filter(pk=message.pk).update(tries=F("tries") + 1)
        return right == 1

    def live_message(self, user_id: int, state: State) -> TextMessage | None:
        """Return the text whose code can be used. It lives for LIFETIME at most, whatever the clock."""
        now = timezone.now()
        return (
            TextMessage.objects.filter(
                user_id=user_id,
                pk=state.get("message_id", 0),
                purpose=state.get("purpose", ""),
                used_at=None,
                replaced_at=None,
                expires_at__gt=now,
                expires_at__lte=now + LIFETIME + CLOCK_SKEW,
                tries__lt=MOST_TRIES,
            )
            .exclude(digest="")
            .first()
        )

    def describe(self, user: User, state: State, *, enrolling: bool = False) -> dict[str, Any]:
        device = self.device_for(user, state)
        newest = TextMessage.objects.filter(user=user).order_by("-pk").first()
        own = newest if newest is not None and newest.pk == state.get("message_id") else None
        number, paused = wording.shown(device, set_up=is_set_up(state)), self.why_paused(user, device, state)
        return {
            "title": _("Set up text messages"),
            "question": wording.question(own, number, paused=bool(paused)),
            "number": number,
            "delivery": wording.delivery(own),
            "resend_in": wait_after(newest),
            "paused": paused,
        }

    def why_paused(self, user: User, device: SMSDevice, state: State) -> str:
        """Return what the page says where texts to this number are paused, else "". Pure."""
        try:
            self.check_pause(user, device, state)
        except MethodPaused as error:
            return str(error)
        except DecryptionFailed:  # asking for a text says so
            return ""
        return ""

    def has_shape(self, answer: str) -> bool:
        return six_digits(answer) is not None

    def explain_refusal(
        self, user: User, answer: str, state: State, *, enrolling: bool = False
    ) -> str | None:
        """Explain a wrong length, and that a newer text has replaced this code."""
        code = six_digits(answer)
        if code is None:
            return explain_format(answer)
        now = timezone.now()
        replaced = TextMessage.objects.filter(
            user=user,
            used_at=None,
            replaced_at__isnull=False,
            expires_at__gt=now,
            expires_at__lte=now + LIFETIME + CLOCK_SKEW,
        ).exclude(digest="")
        if any(message.digest in digests(code, code_purpose(message)) for message in replaced):
            return _("A newer text message has replaced this code. Enter the newest one.")
        return None

    def device_for(self, user: User, state: State) -> SMSDevice:
        """Return the device of this state: the one that is being enrolled, else the confirmed one.

        Raises EnrolmentExpired, or SessionEnded, if it was removed meanwhile.
        """
        of_user = SMSDevice.objects.filter(user=user)
        wanted = {"pk": state["device_id"]} if is_set_up(state) else {"confirmed": True}
        device: SMSDevice | None = of_user.filter(**wanted).first()
        if device is None:
            raise EnrolmentExpired if is_set_up(state) else SessionEnded
        return device

    def provider_problems(self) -> Iterator[str]:
        yield from get_backend().problems()

    def problems(self) -> Iterator[str]:
        """Also name texts that are for another user than their number."""
        yield from super().problems()
        texts = TextMessage.objects.select_related("user").exclude(user=F("device__user"))
        for text in texts.iterator():
            yield f"{text.user}: {text} went to somebody else's number"

    def discard_stale(self) -> int:
        now = timezone.now()
        over = TextMessage.objects.filter(expires_at__lt=now).exclude(digest="")
        update_in_batches(over, by="expires_at", digest="")
        old = TextMessage.objects.filter(expires_at__lt=now - timedelta(days=7))
        delete_in_batches(old, by="expires_at")
        breaker.discard_stale()
        return super().discard_stale()


def is_set_up(state: State) -> bool:
    """Return whether this state is of a number that nobody has proved yet."""
    return "device_id" in state


def reserve_set_up(user: User, subject: str, claims: list[Claim], *, actor: Actor) -> None:
    """Spend the budgets of a text that sets up a number: as the person's first of the day, or a further one.

    Raises RateLimited.
    """
    try:
        limits.reserve(*claims, *budgets.first_of_day(user, subject, actor=actor))
        return
    except RateLimited as error:
        first = error
    try:
        limits.reserve(*claims, *budgets.further(user, subject, actor=actor))
    except RateLimited as error:
        raise min(first, error, key=lambda refused: refused.retry_after) from error


def code_purpose(message: TextMessage) -> str:
    """Return the digest purpose of a message. It binds the code to user, number and purpose (R36)."""
    return f"text:{message.pk}:{message.user_id}:{message.device_id}:{message.purpose}"


def wait_after(newest: TextMessage | None) -> int:
    """Return the seconds until another text can be sent, 0 if one can be sent now; never above COOLDOWN.

    A text of the future was sent before the clock was set back: nobody waits for that moment.
    """
    age = (timezone.now() - newest.created_at).total_seconds() if newest else COOLDOWN
    return round(COOLDOWN - age) if 0 <= age < COOLDOWN else 0
