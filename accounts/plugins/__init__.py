"""Where other applications and factors add something of theirs: the one way in which they plug in.

What they only have to hear of goes by signal (accounts/signals.py). CONTRIBUTING.md lists all such places.
"""

from accounts.plugins.registry import Registry

__all__ = ["Registry"]
