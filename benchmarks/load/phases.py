"""What is measured: two hundred people, logins alone, the memory of a worker, threads against processes."""

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from benchmarks.databases import Database
from benchmarks.load.answers import Answers
from benchmarks.load.serving import ROOT, Workers, run_inside, serving, variables_of
from benchmarks.load.users import PAGES, use
from benchmarks.servers import run_inside as prepare
from benchmarks.sites import FLOOR, PRODUCT, Person, Site
from benchmarks.visitors import Visitor

CLIENTS = 8  # who sign in at the same time, in the phase of logins alone
PEOPLE_SIGNING_IN = 60
PEOPLE_READING = 40
READ_AFTER_LOGIN = 15  # pages, in the phase of memory
HASH_SECONDS = 2.0
SHAPES = ((4, 1), (2, 2), (1, 4), (2, 4), (4, 4))  # workers, threads
names = itertools.count()


@dataclass(frozen=True)
class Options:
    """`seconds` is how long the people use the site; `think` how long each waits between two requests."""

    people: int = 200
    seconds: float = 60
    think: float = 1.0
    workers: int = 4
    threads: int = 4
    requests: int = 10_000
    rounds: int = 3


@dataclass
class Use:
    """Of one shape on one database. Memory is that of all workers together, in kB."""

    workers: int
    threads: int
    answers: Answers
    rss: int
    pss: int
    log: str


@dataclass
class Logins:
    """Logins a second, one figure a round; `alone` is what the hash alone allows on all cores."""

    of: dict[str, list[float]] = field(default_factory=lambda: {"product": [], "floor": []})
    alone: list[float] = field(default_factory=list)


@contextmanager
def product(
    database: Database, people: int, workers: int, threads: int
) -> Iterator[tuple[Workers, list[Person]]]:
    """Serve the product with a database of its own, and people who have not used any code."""
    name = f"load_{next(names)}"
    variables = variables_of(PRODUCT, database.create(name))
    made = [
        Person(**person)
        for person in json.loads(run_inside(variables, "benchmarks.load.inside", str(people)))
    ]
    database.execute(name, PRODUCT.forget_codes)
    with serving(PRODUCT, variables, workers, threads) as server:
        yield server, made


def use_it(database: Database, options: Options, seconds: float, workers: int, threads: int) -> Use:
    """Have everybody use the site at once."""
    with product(database, options.people, workers, threads) as (server, people):
        answers = use(server.port, people, seconds, options.think)
        memory = server.memory()
        return Use(
            workers,
            threads,
            answers,
            sum(rss for rss, _pss in memory),
            sum(pss for _rss, pss in memory),
            server.complaints(),
        )


def enrolled(site: Site, variables: dict[str, str], number: int) -> list[Person]:
    """Create people of a site; return those who have an app."""
    if site is PRODUCT:
        made = json.loads(run_inside(variables, "benchmarks.load.inside", str(number)))
    else:
        made = json.loads(prepare(site, variables, number))["people"]
    return [Person(**person) for person in made if person["secret"]]


def all_at_once(visitors: list[Visitor], act: Callable[[Visitor], object], clients: int) -> float:
    """Have each visitor begin a new session and act, so many at a time; return the seconds that it took."""

    def begin(visitor: Visitor) -> None:
        visitor.forget_session()
        act(visitor)

    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(begin, visitors))
    return time.perf_counter() - began


@contextmanager
def signing_in(site: Site, database: Database, options: Options) -> Iterator[Callable[[], float]]:
    """Yield a function that has everybody sign in once, and returns how many did in a second."""
    name = f"{site.name}_{next(names)}"
    variables = variables_of(site, database.create(name))
    people = enrolled(site, variables, PEOPLE_SIGNING_IN)
    with serving(site, variables, options.workers, options.threads) as server:
        visitors = [Visitor(server.port, person) for person in people]

        def everybody() -> float:
            database.execute(name, site.forget_codes)
            seconds = all_at_once(visitors, lambda visitor: site.sign_in(visitor, visitor.person), CLIENTS)
            return len(visitors) / seconds

        everybody()  # makes the browsers known
        yield everybody


def logins(database: Database, options: Options) -> Logins:
    """Have everybody sign in to both sites by turns, and to nothing but the hash."""
    found = Logins()
    with (
        signing_in(PRODUCT, database, options) as of_product,
        signing_in(FLOOR, database, options) as of_floor,
    ):
        for number in range(options.rounds):
            turns = [("product", of_product), ("floor", of_floor)]
            for name, everybody in turns if number % 2 else reversed(turns):
                found.of[name].append(everybody())
            found.alone.append(hashes_per_second())
    return found


def hashes_per_second() -> float:
    """Return how many passwords per second all cores together check while nothing else runs."""
    command = [sys.executable, "-m", "benchmarks.hash_alone", str(HASH_SECONDS)]
    started = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(os.cpu_count() or 1)
    ]
    return sum(int(process.communicate(timeout=60)[0]) for process in started) / HASH_SECONDS


def memory(database: Database, options: Options) -> dict[int, tuple[int, int]]:
    """Return RSS and PSS in kB of one worker: at its start, after a tenth of the requests, and after all."""
    each = 5 + READ_AFTER_LOGIN
    name = f"memory_{next(names)}"
    variables = variables_of(PRODUCT, database.create(name))
    people = enrolled(PRODUCT, variables, PEOPLE_READING)
    paths = itertools.cycle(PAGES.values())

    def come_and_read(visitor: Visitor) -> None:
        PRODUCT.sign_in(visitor, visitor.person)
        for path in itertools.islice(paths, READ_AFTER_LOGIN):
            visitor.get(path)

    found: dict[int, tuple[int, int]] = {}
    with serving(PRODUCT, variables, 1, options.threads) as server:
        [found[0]] = server.memory()
        visitors = [Visitor(server.port, person) for person in people]
        sent = 0
        for goal in (options.requests // 10, options.requests):
            while sent < goal:
                some = visitors[: max(1, min(len(visitors), (goal - sent) // each))]
                database.execute(name, PRODUCT.forget_codes)
                all_at_once(some, come_and_read, options.threads)
                sent += each * len(some)
            [found[sent]] = server.memory()
    return found


def shapes(database: Database, options: Options) -> list[Use]:
    """Have everybody use the site with each number of workers and threads, for a third of the time."""
    return list(itertools.starmap(partial(use_it, database, options, options.seconds / 3), SHAPES))
