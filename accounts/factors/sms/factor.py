"""Codes by text message: six random digits, five minutes, five tries, only the newest (R34-R40, NIST 3.1.3).

SMS is a restricted authenticator: an application is always offered as an alternative.
"""

import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import outbox
from accounts.audit import Actor
from accounts.crypto import digest, digests, open_sealed, seal
from accounts.crypto.columns import SealedColumn
from accounts.database.batches import delete_in_batches, update_in_batches
from accounts.factors.base import SIX_DIGIT_CODES, Device, Factor, State, six_digits, wrong_length
from accounts.factors.sms.models import SMSDevice, TextMessage
from accounts.factors.sms.numbers import PhoneNumberForm, mask, prefix_of
from accounts.factors.sms.webhook import urlpatterns
from accounts.limits import Budget
from accounts.limits.guesses import Claim
from accounts.models import User

LIFETIME = timedelta(minutes=5)
MOST_TRIES = 5
COOLDOWN = timedelta(seconds=60)
SENDS_BY_USER = Budget("text:user", (1, 60), (5, 3600), (10, 86_400))
SENDS_TO_NUMBER = Budget("text:number", (1, 60), (5, 3600), (10, 86_400))
SENDS_BY_ADDRESS = Budget("text:address", (20, 3600))
# Texts that set up a number, which may be anybody's, also have smaller budgets of their own: the rest is
# reserved for users who have proved their number and want to log in.
SET_UPS_OF_NUMBER = Budget("text:set-up:number", (2, 3600), (4, 86_400))
# Logged once an hour, so that somebody checks whether this is fraud or just a busy day (R37).
SITE_ALARM = "The hourly budget of text messages is used up: no more are sent until it opens again."
BLOCK_ALARM = (
    "The hourly budget of text messages to one block of phone numbers is used up: it gets no more of them "
    "until it opens again."
)
SITE_SET_UP_ALARM = (
    "The hourly budget of text messages that set up a number is used up: only numbers that are in use "
    "get more of them until it opens again."
)
BLOCK_SET_UP_ALARM = (
    "The hourly budget of text messages that set up a number in one block is used up: it gets them to log in "
    "only until it opens again."
)


class SMSFactor(Factor):
    slug = "sms"
    label = gettext_lazy("SMS (Text Message)")
    choice_label = gettext_lazy("SMS Only (Text Message)")
    device_model = SMSDevice
    details_form = PhoneNumberForm
    guesses = SIX_DIGIT_CODES
    acts = True
    act_label = gettext_lazy("Text me a code")
    urls = urlpatterns

    def claims(self, user: User, state: State, *, actor: Actor) -> list[Claim]:
        """Return the budgets for one more text: by user, number, address, block and site."""
        number = number_of(self.device_for(user, state))
        subject, block = number_digest(number), digest(prefix_of(number), "block")
        of_block, of_site = settings.SMS_HOURLY_BUDGET_PER_PREFIX, settings.SMS_HOURLY_BUDGET
        claims = [
            (SENDS_BY_USER, f"user:{user.pk}"),
            (SENDS_TO_NUMBER, subject),
            (SENDS_BY_ADDRESS, actor.network),
            (hourly("text:block", of_block, BLOCK_ALARM), block),
            (hourly("text:site", of_site, SITE_ALARM), ""),
        ]
        if "device_id" in state:  # nobody has proved this number yet
            claims += [
                (SET_UPS_OF_NUMBER, subject),
                (hourly("text:set-up:block", half(of_block), BLOCK_SET_UP_ALARM), block),
                (hourly("text:set-up:site", half(of_site), SITE_SET_UP_ALARM), ""),
            ]
        return claims

    def begin_enrolment(self, user: User, **details: Any) -> State:
        number = details["phone_number"]
        device = SMSDevice(user=user, confirmed=False, number_digest=number_digest(number))
        device.sealed_number, device.last_digits = seal(number, sealing_context(user.pk)), number[-2:]
        device.save()
        return {"device_id": device.pk, "purpose": "enrolment"}

    def complete_enrolment(self, user: User, answer: str, state: State) -> Device | None:
        return self.confirm(user, state) if self.consume(user, answer, state) else None

    def challenge(self, user: User, state: State) -> State:
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
        outbox.enqueue_message(
            "text", {"message_id": message.pk, "to": number_of(device), "body": body(code)}, LIFETIME
        )
        return state | {"message_id": message.pk}

    def verify(self, user: User, answer: str, state: State) -> Device | None:
        device = self.working_device(user)
        if device is None:
            return None
        if not self.consume(user, answer, state):
            number_of(device)  # raises with a wrong key, where a right code looks wrong
            return None
        SMSDevice.objects.filter(pk=device.pk).update(**self.used())
        return device

    def consume(self, user: User, answer: str, state: State) -> bool:
        """Use the code up and return True if the answer is right; else count the try and return False."""
        code, message = six_digits(answer), self.live_message(user, state)
        if code is None or message is None:
            return False
        right = TextMessage.objects.filter(
            pk=message.pk, used_at=None, tries__lt=MOST_TRIES, digest__in=digests(code, code_purpose(message))
        ).update(used_at=timezone.now(), digest="")
        if not right:
            TextMessage.objects.filter(pk=message.pk).update(tries=F("tries") + 1)
        return right == 1

    def live_message(self, user: User, state: State) -> TextMessage | None:
        return (
            TextMessage.objects.filter(
                user=user,
                pk=state.get("message_id", 0),
                purpose=state.get("purpose", ""),
                used_at=None,
                replaced_at=None,
                expires_at__gt=timezone.now(),
                tries__lt=MOST_TRIES,
            )
            .exclude(digest="")
            .first()
        )

    def describe(self, user: User, state: State, *, enrolling: bool = False) -> dict[str, Any]:
        device = self.device_for(user, state)
        newest = TextMessage.objects.filter(user=user).order_by("-pk").first()
        own = newest if newest is not None and newest.pk == state.get("message_id") else None
        number = mask(device.last_digits)
        return {
            "title": _("Set up text messages"),
            "question": question(own, number),
            "number": number,
            "delivery": delivery(own),
            "resend_in": wait_after(newest),
        }

    def has_shape(self, answer: str) -> bool:
        return six_digits(answer) is not None

    def explain_refusal(
        self, user: User, answer: str, state: State, *, enrolling: bool = False
    ) -> str | None:
        """Explain a wrong length, and that a newer text has replaced this code."""
        code = six_digits(answer)
        if code is None:
            return wrong_length(answer)
        replaced = TextMessage.objects.filter(
            user=user, used_at=None, replaced_at__isnull=False, expires_at__gt=timezone.now()
        ).exclude(digest="")
        if any(message.digest in digests(code, code_purpose(message)) for message in replaced):
            return _("A newer text message has replaced this code. Enter the newest one.")
        return None

    def device_for(self, user: User, state: State) -> SMSDevice:
        """Return the device of this state: the one that is being enrolled, else the confirmed one."""
        of_user = SMSDevice.objects.filter(user=user)
        wanted = {"pk": state["device_id"]} if "device_id" in state else {"confirmed": True}
        device: SMSDevice = of_user.get(**wanted)
        return device

    def problems(self) -> Iterator[str]:
        """Also name texts that are for another user than their number."""
        yield from super().problems()
        texts = TextMessage.objects.select_related("user").exclude(user=F("device__user"))
        for text in texts.iterator():
            yield f"{text.user}: {text} went to somebody else's number"

    def discard_stale(self) -> int:
        now = timezone.now()
        update_in_batches(TextMessage.objects.filter(expires_at__lt=now).exclude(digest=""), digest="")
        delete_in_batches(TextMessage.objects.filter(expires_at__lt=now - timedelta(days=7)))
        return super().discard_stale()


def hourly(name: str, texts: int, alarm: str) -> Budget:
    return Budget(name, (texts, 3600), alarm=alarm)


def half(texts: int) -> int:
    return -(-texts // 2)


def sealing_context(user_id: int) -> str:
    return f"phone:{user_id}"


def number_of(device: SMSDevice) -> str:
    return open_sealed(device.sealed_number, sealing_context(device.user_id))


def number_digest(number: str) -> str:
    return digest(number, DIGEST_PURPOSE)


DIGEST_PURPOSE = "phone"
SEALED = SealedColumn(
    SMSDevice,
    "sealed_number",
    context=lambda device: sealing_context(device.user_id),
    digest_field="number_digest",
    digest_purpose=lambda device: DIGEST_PURPOSE,
)


def code_purpose(message: TextMessage) -> str:
    """Return the digest purpose of a message. It binds the code to user, number and purpose (R36)."""
    return f"text:{message.pk}:{message.user_id}:{message.device_id}:{message.purpose}"


def body(code: str) -> str:
    """Return the text. Its last line binds the code to our domain: phones fill it in there only."""
    host = urlsplit(settings.SITE_URL).hostname
    said = _("%(code)s is your %(site)s code. It is valid for 5 minutes. Never tell it to anybody.") % {
        "code": code,
        "site": settings.SITE_NAME,
    }
    return f"{said}\n\n@{host} #{code}"


def wait_after(newest: TextMessage | None) -> int:
    """Return the seconds until another text can be sent, 0 if one can be sent now."""
    if newest is None:
        return 0
    return max(0, round((newest.created_at + COOLDOWN - timezone.now()).total_seconds()))


def question(own: TextMessage | None, number: str) -> str:
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
