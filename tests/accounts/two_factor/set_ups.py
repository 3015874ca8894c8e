"""The page on which a set-up is confirmed, and what comes of it."""

from accounts.factors.totp.models import TOTPDevice
from tests.support.people import PASSWORD, TWO_FACTOR
from tests.support.two_factor import SUDO

CONFIRM = f"{TWO_FACTOR}/confirm"


def prove_by_password(client, page=CONFIRM):
    return client.post(SUDO, {"password": PASSWORD, "next": page})


def confirmed(user):
    return TOTPDevice.objects.filter(user=user, confirmed=True).count()
