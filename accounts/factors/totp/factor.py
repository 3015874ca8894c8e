"""TOTP: RFC 6238 with SHA-1, six digits, 30 seconds, 160-bit secrets, one step each way, no drift memory."""

import base64
import secrets
from collections.abc import Iterator
from typing import cast

from django.utils.translation import gettext_lazy as _

from accounts.crypto import open_sealed, seal
from accounts.crypto.columns import SealedColumn
from accounts.exceptions import DecryptionFailed, EnrolmentExpired
from accounts.factors.base import SIX_DIGIT_CODES, Device, Factor, State, explain_format, six_digits
from accounts.factors.totp import steps, uri
from accounts.factors.totp.models import TOTPDevice
from accounts.models import User

SECRET_BYTES = 20
FEW_STEPS = 10  # by which the clocks of two servers may differ


class TOTPFactor(Factor):
    slug = "app"
    label = _("Application")
    step_label = _("Scan and verify")
    device_model = TOTPDevice
    guesses = SIX_DIGIT_CODES

    def begin_enrolment(self, user: User, **details: object) -> State:
        device = TOTPDevice(user=user, confirmed=False)
        device.sealed_secret = seal(secrets.token_bytes(SECRET_BYTES).hex(), sealing_context(user.pk))
        device.save()
        return {"device_id": device.pk}

    def complete_enrolment(self, user: User, answer: str, state: State) -> Device | None:
        device = TOTPDevice.objects.filter(user=user, pk=state.get("device_id"), confirmed=False).first()
        step = accepted_step(device, answer)
        return None if step is None else self.confirm(user, state, last_step=step)

    def consume(self, device: Device, answer: str, state: State) -> bool:
        step = accepted_step(cast(TOTPDevice, device), answer)
        if step is None:
            return False
        unused = self.unchanged(device).filter(last_step__lt=step)
        return unused.update(last_step=step, **self.used()) == 1

    def is_repeat(self, user: User, answer: str, state: State) -> bool:
        device = self.working_device(user)
        return device is not None and matching_step(device, answer) == device.last_step

    def has_shape(self, answer: str) -> bool:
        return six_digits(answer) is not None

    def explain_refusal(
        self, user: User, answer: str, state: State, *, enrolling: bool = False
    ) -> str | None:
        code = six_digits(answer)
        if code is None:
            return explain_format(answer)
        device = self.pending(user, state).first() if enrolling else self.device_of(user)
        secret = open_secret(device)
        if device is None or secret is None:
            return None
        if enrolling:
            return steps.explain_at_enrolment(secret, code)
        return steps.explain_at_login(secret, code, device.last_step)

    def describe(self, user: User, state: State, *, enrolling: bool = False) -> dict[str, object]:
        if not enrolling:
            return {"question": _("Open your authenticator app and enter the code that it shows.")}
        device = self.pending(user, state).first()
        if not isinstance(device, TOTPDevice):
            raise EnrolmentExpired
        key = base64.b32encode(secret_of(device)).decode()
        link = uri.provisioning_uri(user, key)
        return {
            "title": _("Set up your authenticator app"),
            "uri": link,
            "qr": uri.qr_code(link),
            "key": key,
            "key_groups": [key[start : start + 4] for start in range(0, len(key), 4)],
            "issuer": uri.issuer(),
            "account": uri.account_name(user),
        }

    def problems(self) -> Iterator[str]:
        """Also name apps whose codes are refused, because a later one was used while the clock was ahead."""
        yield from super().problems()
        latest = steps.current() + steps.TOLERANCE + FEW_STEPS
        for device in TOTPDevice.objects.select_related("user").filter(last_step__gt=latest).iterator():
            minutes = (device.last_step - latest) * steps.STEP // 60
            yield f"{device.user}: {self.slug} {device.pk} has used a code of {minutes} minutes from now"


def sealing_context(user_id: int) -> str:
    return f"totp:{user_id}"


SEALED = SealedColumn(TOTPDevice, "sealed_secret", context=lambda device: sealing_context(device.user_id))


def secret_of(device: TOTPDevice) -> bytes:
    """Return the shared secret. Raises DecryptionFailed."""
    return bytes.fromhex(open_sealed(device.sealed_secret, sealing_context(device.user_id)))


def open_secret(device: TOTPDevice | None) -> bytes | None:
    """Return the shared secret, or None if there is no device or the secret can't be opened."""
    try:
        return secret_of(device) if device else None
    except DecryptionFailed:  # accounts.crypto has logged the alarm
        return None


def matching_step(device: TOTPDevice | None, answer: str) -> int | None:
    """Return the acceptable time step that has this code (current, previous or next), or None.

    Raises DecryptionFailed.
    """
    code = six_digits(answer)
    return steps.matching(secret_of(device), code, steps.acceptable()) if device and code else None


def accepted_step(device: TOTPDevice | None, answer: str) -> int | None:
    """Return the matching step if it is later than the last accepted one. Raises DecryptionFailed."""
    step = matching_step(device, answer)
    return step if device and step is not None and step > device.last_step else None
