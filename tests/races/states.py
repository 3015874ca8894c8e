"""What is left after a race."""

from accounts.factors.totp.models import TOTPDevice
from tests.support.people import TWO_FACTOR

CONFIRM = f"{TWO_FACTOR}/confirm"
DISABLE = f"{TWO_FACTOR}/disable"
DELETE = "/app/settings/profile/delete"


def confirmed_devices(user):
    return TOTPDevice.objects.filter(user=user, confirmed=True)
