"""System checks: settings that are unsafe in production, or do not work together."""

from accounts.checks import addresses, connections, factors, joining, keys

__all__ = ["addresses", "connections", "factors", "joining", "keys"]
