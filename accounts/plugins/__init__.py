"""Registries: how other applications and factors extend this one.

Signals tell them about changes (accounts/signals.py). CONTRIBUTING.md lists all registries and signals.
"""

from accounts.plugins.registry import Registry

__all__ = ["Registry"]
