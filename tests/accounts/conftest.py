import time

import pytest
import time_machine

from tests.support.hashing import CountingHasher


@pytest.fixture
def clock():
    """Time stands still, in the middle of a step of 30 seconds; `clock.shift(seconds)` moves it.

    Ask for it before anybody enrols.
    """
    with time_machine.travel(time.time() // 30 * 30 + 15, tick=False) as traveller:
        yield traveller


@pytest.fixture
def hashes(settings, transactional_db):
    """hashes(): how many passwords were hashed since it was last asked."""
    settings.PASSWORD_HASHERS = [f"{CountingHasher.__module__}.{CountingHasher.__name__}"]
    CountingHasher.hashed = 0

    def since():
        count, CountingHasher.hashed = CountingHasher.hashed, 0
        return count

    return since


@pytest.fixture
def before(monkeypatch):
    """Have something happen just before, or after, a function is called for the first time."""

    def arrange(module, name, meanwhile, *, after=False):
        original = getattr(module, name)

        def first(*args, **kwargs):
            monkeypatch.setattr(module, name, original)
            if not after:
                meanwhile()
            result = original(*args, **kwargs)
            if after:
                meanwhile()
            return result

        monkeypatch.setattr(module, name, first)

    return arrange
