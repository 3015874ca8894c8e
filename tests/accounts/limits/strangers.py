"""What strangers do to an account, and what is left afterwards."""

from django.test import Client

FORGOT = "/account/password/forgot"
HOUR, DAY = 3600, 86_400


def stranger(number=0):
    """A browser that nobody has signed in with, at an address of its own."""
    return Client(REMOTE_ADDR=f"198.51.{number // 250}.{number % 250 + 1}")
