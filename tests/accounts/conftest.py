import time

import pytest
import time_machine


@pytest.fixture
def clock():
    """Time stands still, in the middle of a step of 30 seconds; `clock.shift(seconds)` moves it.

    Ask for it before anybody enrols.
    """
    with time_machine.travel(time.time() // 30 * 30 + 15, tick=False) as traveller:
        yield traveller


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
