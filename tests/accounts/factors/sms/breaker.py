"""What trips the breaker of texts, and what it says then."""

from django.test import Client

from tests.accounts.factors.sms.conftest import newest_code
from tests.support.people import TWO_FACTOR, post_password

CONFIRM = f"{TWO_FACTOR}/confirm"


def ask(user):
    n = int(user.username.removeprefix("owner"))
    client = Client(REMOTE_ADDR=f"198.{n}.100.1")
    assert post_password(client, user)["Location"] == "/session/two-factor"
    return client


def ask_often(people, clock, times=20):
    """So many logins by these people, a minute apart; their browsers, with the codes that came."""
    browsers = []
    for n in range(times):
        if n and n % len(people) == 0:
            clock.shift(61)
        browsers.append((ask(people[n % len(people)]), newest_code()))
    clock.shift(61)
    return browsers
