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
