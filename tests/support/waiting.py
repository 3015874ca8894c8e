"""Waiting for what happens in another process, which tells nobody that it has."""

import time

# No measurement: whatever takes longer than this on a slow and busy machine has failed.
LONGEST = 120
BETWEEN = 0.02


def wait_until(condition, said=lambda: ""):
    """What the condition returns, once that is true. `said` tells why it may have failed."""
    deadline = time.monotonic() + LONGEST
    while not (found := condition()):
        assert time.monotonic() < deadline, said()
        time.sleep(BETWEEN)
    return found
