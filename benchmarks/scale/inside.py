"""Fill a database and measure, in a process of its own.

python -m benchmarks.scale.inside PEOPLE TIMES DATABASE URL

Print the costs as JSON.
"""

import json
import logging
import sys
import time
from dataclasses import asdict
from importlib import import_module

import django
from django.core.management import call_command


def main(people: int, times: int, database: str, url: str) -> None:
    """Imports are late: those modules need the settings."""
    django.setup()
    logging.disable(logging.CRITICAL)
    call_command("migrate", verbosity=0)
    sizes, loading, world, actions, commands, meters = (
        import_module(f"benchmarks.scale.{name}")
        for name in ("sizes", "loading", "world", "actions", "commands", "meter")
    )
    size, began = sizes.SIZES[people], time.monotonic()
    with loading.loading():
        cast = world.make(size)
    tables = commands.bytes_of_tables()
    loaded = time.monotonic() - began
    say(f"{people:,}: loaded in {loaded:.0f} s")
    stage = actions.Stage(size, cast)
    stage.sign_in("alice", "carol", "root")
    meter = meters.Meter(url, database, times)
    found = []
    for each in (actions.actions(stage), commands.commands(size)):
        for action in each:
            cost = meter.measure(action.act, action.prepare)
            found.append(
                {"group": action.group, "name": action.name, "reads_all": action.reads_all, **asdict(cost)}
            )
    say(f"{people:,}: measured in {time.monotonic() - began - loaded:.0f} s")
    print(json.dumps({"loaded": loaded, "tables": tables, "costs": found}))


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
