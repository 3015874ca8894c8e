"""Read the environment for settings.py. An invalid value stops the start with a one-sentence error.

Every setting is read by one of these readers. They trim the value, check it, and say what to write instead.
"""

from tfc_auth.environment.addresses import Addresses
from tfc_auth.environment.connections import Connections
from tfc_auth.environment.numbers import Numbers
from tfc_auth.environment.texts import Texts


class Environment(Texts, Numbers, Addresses, Connections):
    """All readers."""


__all__ = ["Environment"]
