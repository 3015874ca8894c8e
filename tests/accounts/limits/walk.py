"""The walk through docs/limits.md: for each row, what a stranger does, and what the victim does then.

A stranger has no password of the victim. He has networks, accounts and organizations of his own; where a row
is counted for a person, he has got hold of a token of the victim, or is another owner.
"""

import re
from dataclasses import dataclass, field

from django.test import Client

from accounts.models import RateLimit, User
from tests.support.people import make_user

HERE = "192.0.2.1"  # where the victim is

WALK = {}


def row(*names):
    """The class walks these rows of the tables."""

    def register(case):
        WALK.update(dict.fromkeys(names, case))
        return case

    return register


def there(number=0):
    """An address of the stranger; each number is another network."""
    return f"198.51.{number}.1"


def at(address, client=None):
    client = client or Client()
    client.defaults["REMOTE_ADDR"] = address
    return client


@dataclass
class Case:
    """`attack` uses the row up, and again each time; `act` is what the victim does, and says if it worked."""

    mails: list
    victim: User = field(default_factory=lambda: make_user("victim"))
    # A mail of the victim's can get lost: the same must work again an hour later, while the stranger goes on.
    works_again = False

    def __post_init__(self):
        self.prepare()

    def prepare(self):
        pass

    def is_used_up(self):
        return any(
            RateLimit.objects.filter(key__startswith=key, count__gte=n).exists() for key, n in self.used
        )

    def fast_forward(self):
        """After a first use: leave one more of a budget that takes long to use up."""
        for key, limit in self.used:
            RateLimit.objects.filter(key__startswith=key, count__lt=limit).update(count=limit - 1)


def refused(send, most=20):
    """Send until it is refused, which names another way on; say whether it was."""
    for number in range(most):
        answer = send(number)
        if answer.status_code == 429:
            assert names_a_way(answer), answer.content.decode()
            return True
    return False


def names_a_way(answer):
    """Whether a sentence follows what says when to try again."""
    said = " ".join(answer.content.decode().split())
    return re.search(r"Try again [^.<]+\. [A-Z“][^.<]+\.", said) is not None
