"""Find the correct answer to a challenge of each factor. A new factor adds a class here; no test changes."""

import re

import pyotp

from accounts import factors
from accounts.factors.sms.backends.locmem import outbox as texts
from accounts.outbox import delivery


class Application:
    """Reads the key while enrolling, and shows codes from then on."""

    details = {}

    def __init__(self, factor, user, state):
        self.factor, self.user = factor, user
        self.key = factor.describe(user, state, enrolling=True)["key"]

    def answer(self, state):
        # Stands for waiting 30 seconds.
        self.factor.device_model.objects.filter(user=self.user, confirmed=True).update(last_step=-1)
        return pyotp.TOTP(self.key).now()


class SheetOfPaper:
    """Has all backup codes, and strikes out what was used."""

    details = {}

    def __init__(self, factor, user, state):
        self.factor, self.user = factor, user

    def answer(self, state):
        codes = self.factor.reveal(self.user)
        return codes[0] if codes else ""


class Phone:
    """Receives texts, and reads the code off the newest."""

    details = {"phone_number": "+12025550143"}

    def __init__(self, factor, user, state):
        pass

    def answer(self, state):
        delivery.send_due()
        return re.search(r"#(\d{6})$", texts[-1].body)[1]


HOLDERS = {"app": Application, "sms": Phone, "backup-codes": SheetOfPaper}


def all_factors():
    return factors.all_factors()


def verify(factor, user, answer, state):
    """What a challenge does with an answer, without its limits. Call it in a transaction."""
    _user, device = factor.lock(user)
    return factor.verify_with(device, answer, state)


def begin(factor, user):
    """Begin an enrolment; return its state."""
    return factor.begin_enrolment(user, **HOLDERS[factor.slug].details)


def enrol_device(factor, user):
    """Enrol through the protocol alone.

    Return the device and a function that begins a challenge and returns (correct answer, state for it).
    """
    state = begin(factor, user)
    holder = HOLDERS[factor.slug](factor, user, state)
    if factor.is_backup:
        device = factor.complete_enrolment(user, "", state)
    else:
        asked = factor.challenge(user, state)
        device = factor.complete_enrolment(user, holder.answer(asked), asked)

    def be_asked():
        state = factor.challenge(user, {"purpose": "login"})
        return holder.answer(state), state

    return device, be_asked
