"""Measure in rounds: each runs all compared actions one after the other, in alternating order.

The machine's speed varies, so ratios are taken within a round, and medians over the rounds.
"""

import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from benchmarks.databases import Database
from benchmarks.meters import Rows
from benchmarks.programs import QUESTIONS
from benchmarks.sites import ROOT, Site
from benchmarks.stages import Sizes, Stage, prepare, stage
from benchmarks.visitors import Taken, sign_everybody_in
from tests.support.statements import statements, transaction_control, write_transactions

CLIENTS = 2
CLIENTS_WITH_HASH = 4


@dataclass
class Figures:
    """All measurements on one database, by site and action, with a value for each round."""

    database: str
    has_server: bool
    sites: tuple[Site, ...]
    sizes: Sizes
    counts: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    rows: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)  # written, dead: of one
    taken: dict[tuple[str, str], list[Taken]] = field(default_factory=lambda: defaultdict(list))
    hashes_per_second: list[float] = field(default_factory=list)


def run(
    database: Database,
    sites: tuple[Site, ...],
    sizes: Sizes,
    rounds: int,
    seconds: float,
    say: Callable[[str], None],
) -> Figures:
    """Measure this many rounds, or start none after `seconds`; the first round always runs."""
    figures = Figures(database.name, database.has_server, sites, sizes)
    with ExitStack() as stack:
        stages, hashing = set_up(stack, database, sites, sizes, say)
        figures.counts = {made.site.name: counted(made, say) for made in stages}
        if database.has_server:
            say(f"{database.name}: rows")
            figures.rows = rows(database, stages)
        actions = {**actions_of(stages), **logins_with_hash(hashing)}
        deadline = time.monotonic() + seconds
        for number in range(rounds):
            if number and time.monotonic() > deadline:
                say(f"{database.name}: the time is up")
                break
            say(f"{database.name}: round {number + 1} of {rounds}")
            for made in (*stages, *hashing):
                database.tidy(made.name)
            for name, act in in_order(actions, number):
                figures.taken[name].append(act())
            figures.hashes_per_second.append(hashes_per_second(sizes.hash_seconds))
    return figures


def set_up(
    stack: ExitStack, database: Database, sites: tuple[Site, ...], sizes: Sizes, say: Callable[[str], None]
) -> tuple[list[Stage], list[Stage]]:
    """Return the stages with a hash that costs nothing, and those with the real one."""
    say(f"{database.name}: {', '.join(site.title for site in sites)}")
    wanted = [(site, hasher) for hasher in ("cheap", "argon2") for site in sites]
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        prepared = list(executor.map(lambda one: prepare(database, sizes, *one), wanted))
    stages = [stack.enter_context(stage(one, database, sizes)) for one in prepared]
    return stages[: len(sites)], stages[len(sites) :]


Actions = dict[tuple[str, str], Callable[[], Taken]]


def in_order(actions: Actions, number: int) -> list[tuple[tuple[str, str], Callable[[], Taken]]]:
    """Return the actions forward in even rounds and backward in odd ones, so that drift evens out."""
    return list(actions.items())[:: 1 if number % 2 == 0 else -1]


def actions_of(stages: list[Stage]) -> Actions:
    """Return all actions but those with the real hash: the same one on each site right after the other."""
    actions: Actions = {
        (made.site.name, "login"): partial(made.sign_everybody_in, CLIENTS) for made in stages
    }
    for made in stages:
        for page in made.site.pages:
            actions[made.site.name, page.name] = partial(made.get, page)
        if made.site.refuses_at:
            actions[made.site.name, "refused"] = made.refuse
    for question in QUESTIONS:
        for made in stages:
            if made.site.has_api:
                actions[made.site.name, question.name] = partial(made.ask, question.ask)
    return actions


def logins_with_hash(stages: list[Stage]) -> Actions:
    return {
        (made.site.name, "login with hash"): partial(made.sign_everybody_in, CLIENTS_WITH_HASH)
        for made in stages
    }


# ---------------------------------------------------------------- what has no noise


def counted(made: Stage, say: Callable[[str], None]) -> dict[str, dict[str, int]]:
    """Return the counts by action. A server of the database has the word on what it was sent."""
    if not made.database.has_server:
        return made.counts
    counts = {action: dict(numbers) for action, numbers in made.counts.items()}
    if made.site.refuses_at:
        made.use_up_attempts()
    for action, numbers in counts.items():
        question = next((one for one in QUESTIONS if one.name == action), None)
        act = partial(question.ask, made.program) if question else made.once(action)
        made.hang_up()
        made.forget_codes()
        act()
        made.forget_codes()
        with made.database.statements(made.name) as queries:
            act()
        own = numbers["statements"]
        numbers["statements"] = len(statements(queries))
        numbers["transaction control"] = len(transaction_control(queries))
        numbers["write transactions"] = write_transactions(queries)
        if own != numbers["statements"]:
            say(f"{made.site.title}, {action}: {own} statements inside, {numbers['statements']} on the wire")
    return counts


def rows(database: Database, stages: list[Stage]) -> dict[tuple[str, str], tuple[float, float]]:
    """Return how many rows one login, and one refused attempt, writes and leaves behind as dead."""
    refusing = [made for made in stages if made.site.refuses_at]
    for made in refusing:
        made.use_up_attempts()
    return {
        **rows_of("login", database, stages, sign_in_once),
        **rows_of("refused", database, refusing, refuse),
    }


def sign_in_once(made: Stage) -> int:
    """Sign everybody in, whose codes have been forgotten before: to forget them writes rows, too."""
    return sign_everybody_in(made.site, made.read, made.visitors, CLIENTS).actions


def refuse(made: Stage) -> int:
    made.hang_up()
    for _ in range(made.sizes.refused):
        made.attempt()
    return made.sizes.refused


def rows_of(
    action: str, database: Database, stages: list[Stage], act: Callable[[Stage], int]
) -> dict[tuple[str, str], tuple[float, float]]:
    for made in stages:
        made.forget_codes()
    database.settle()
    before = {made.name: database.rows(made.name) for made in stages}
    times = {made.name: act(made) for made in stages}
    database.settle()
    found = {}
    for made in stages:
        wrote: Rows = database.rows(made.name) - before[made.name]
        found[made.site.name, action] = (
            wrote.written / times[made.name],
            wrote.dead / times[made.name],
        )
    return found


def hashes_per_second(seconds: float) -> float:
    """Return how many passwords per second all cores together check while nothing else runs."""
    command = [sys.executable, "-m", "benchmarks.hash_alone", str(seconds)]
    cores = os.cpu_count() or 1
    started: list[Any] = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(cores)
    ]
    return sum(int(process.communicate(timeout=60)[0]) for process in started) / seconds
