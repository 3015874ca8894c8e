"""Measure in rounds: each runs all compared actions one after the other, in alternating order.

The machine's speed varies, so ratios are taken within a round, and medians over the rounds.
"""

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from benchmarks import servers
from benchmarks.databases import Database
from benchmarks.programs import QUESTIONS, Program
from benchmarks.servers import ROOT, Server
from benchmarks.sites import FLOOR, ORGANIZATION, PRODUCT, Person, Site
from benchmarks.visitors import Failed, Taken, Visitor, repeat, sign_everybody_in

CLIENTS = 2
CLIENTS_WITH_HASH = 4
PEOPLE = 100
PEOPLE_WITH_HASH = 40
PAGES = 150
REFUSED = 60
HASH_SECONDS = 1.5
WRONG = "this is not the password of anybody here"


@dataclass
class Figures:
    """All measurements on one database, by name, with a value for each round."""

    database: str
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    statements: dict[str, dict[str, int]] = field(default_factory=dict)  # of the API
    taken: dict[str, list[Taken]] = field(default_factory=lambda: defaultdict(list))
    hashes_per_second: list[float] = field(default_factory=list)


@dataclass
class Stage:
    """One site on one database with one hasher: its server, and the browsers of its people."""

    site: Site
    database: Database
    name: str
    server: Server
    visitors: list[Visitor]
    counts: dict[str, int]
    statements: dict[str, int]
    program: Program

    def sign_everybody_in(self, clients: int) -> Taken:
        self.database.execute(self.name, self.site.forget_codes)
        return sign_everybody_in(self.site, self.server, self.visitors, clients)


@contextmanager
def stage(site: Site, database: Database, hasher: str, people: int) -> Iterator[Stage]:
    name = f"{site.name}_{hasher}"
    variables = servers.environment(site, database.create(name), hasher)
    prepared = json.loads(servers.run_inside(site, variables, people))
    server = servers.start(variables)
    try:
        visitors = [Visitor(server.port, Person(**person)) for person in prepared["people"]]
        program = Program(server.port, prepared["token"])
        counts, statements = prepared["counts"], prepared["statements"]
        made = Stage(site, database, name, server, visitors, counts, statements, program)
        for _ in range(2):  # gives all threads a connection, and makes all browsers known
            made.sign_everybody_in(CLIENTS_WITH_HASH)
        yield made
    finally:
        server.stop()


def run(database: Database, rounds: int, seconds: float, say: Callable[[str], None]) -> Figures:
    """Measure this many rounds, or start none after `seconds`; the first round always runs."""
    figures, deadline = Figures(database.name), time.monotonic() + seconds
    with ExitStack() as stack:
        begin = partial(_begin, stack, database)
        product, floor = begin(PRODUCT, "cheap", PEOPLE), begin(FLOOR, "cheap", PEOPLE)
        hashing = {site: begin(site, "argon2", PEOPLE_WITH_HASH) for site in (PRODUCT, FLOOR)}
        figures.counts = {made.site.name: made.counts for made in (product, floor)}
        figures.statements = {made.site.name: made.statements for made in (product, floor)}
        actions = {
            **logins(product, floor),
            **pages(product, floor),
            **questions(product, floor),
            "refused": refused(product),
            **{
                f"{site.name} with hash": partial(made.sign_everybody_in, CLIENTS_WITH_HASH)
                for site, made in hashing.items()
            },
        }
        for number in range(rounds):
            if number and time.monotonic() > deadline:
                say(f"{database.name}: the time is up")
                break
            say(f"{database.name}: round {number + 1} of {rounds}")
            for name, act in in_order(actions, number):
                figures.taken[name].append(act())
            figures.hashes_per_second.append(hashes_per_second())
    return figures


def _begin(stack: ExitStack, database: Database, site: Site, hasher: str, people: int) -> Stage:
    return stack.enter_context(stage(site, database, hasher, people))


def in_order(actions: dict[str, Callable[[], Taken]], number: int) -> list[tuple[str, Callable[[], Taken]]]:
    """Return the actions forward in even rounds and backward in odd ones, so that drift evens out."""
    return list(actions.items())[:: 1 if number % 2 == 0 else -1]


def logins(product: Stage, floor: Stage) -> dict[str, Callable[[], Taken]]:
    return {f"{made.site.name} login": partial(made.sign_everybody_in, CLIENTS) for made in (product, floor)}


def pages(product: Stage, floor: Stage) -> dict[str, Callable[[], Taken]]:
    """Return the actions that request pages as a signed-in user, in a browser of its own."""
    somebody = {made.site: reader(made) for made in (product, floor)}

    def page(made: Stage, path: str) -> Callable[[], Taken]:
        return partial(repeat, made.server, somebody[made.site], PAGES, lambda visitor: visitor.get(path))

    return {
        "hello": page(floor, "/hello"),
        "start page": page(product, "/app"),
        "members": page(product, f"/app/{ORGANIZATION}"),
        "members without gate": page(product, f"/ungated/{ORGANIZATION}"),
    }


def questions(product: Stage, floor: Stage) -> dict[str, Callable[[], Taken]]:
    """Return the API requests of programs: each on one site right after the other."""
    return {
        f"{made.site.name} {question.name}": partial(repeat, made.server, made.program, PAGES, question.ask)
        for question in QUESTIONS
        for made in (floor, product)
    }


def reader(made: Stage) -> Visitor:
    """Return a signed-in browser that stays signed in: its person signs in nowhere else."""
    visitor = made.visitors.pop()
    made.database.execute(made.name, made.site.forget_codes)
    visitor.forget_session()
    made.site.sign_in(visitor, visitor.person)
    return visitor


def refused(product: Stage) -> Callable[[], Taken]:
    """Return the action that signs in with a username for which too many passwords were tried."""
    victim = Person(product.visitors[0].person.username, "", "10.9.9.9")
    stranger = Visitor(product.server.port, victim)

    def attempt(visitor: Visitor, expect: int) -> None:
        visitor.post("/session", expect, username=victim.username, password=WRONG)

    def act() -> Taken:
        stranger.connection.close()
        stranger.get("/session")
        for _ in range(20):  # the limit's window of five minutes may have passed since the last round
            try:
                attempt(stranger, 429)
                break
            except Failed:
                continue
        return repeat(product.server, stranger, REFUSED, lambda visitor: attempt(visitor, 429))

    return act


def hashes_per_second() -> float:
    """Return how many passwords per second all cores together check while nothing else runs."""
    command = [sys.executable, "-m", "benchmarks.hash_alone", str(HASH_SECONDS)]
    cores = os.cpu_count() or 1
    started: list[Any] = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(cores)
    ]
    return sum(int(process.communicate(timeout=60)[0]) for process in started) / HASH_SECONDS
