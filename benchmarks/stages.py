"""Set up one site on one database with one hasher: its server, and the browsers of its people."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks import servers
from benchmarks.databases import Database
from benchmarks.meters import Reading
from benchmarks.programs import Program
from benchmarks.servers import Server
from benchmarks.sites import WRONG, Page, Person, Site
from benchmarks.visitors import Failed, Taken, Visitor, repeat, sign_everybody_in

CLIENTS_TO_WARM_UP = 8  # as many as there are threads: all get a connection
SECONDS_TO_FORGET = 0.5  # for a site that has used codes in its memory


@dataclass(frozen=True)
class Sizes:
    """How much is done in a round. Of the people one stays signed in, and one's passwords are refused."""

    people: int = 102
    people_with_hash: int = 42
    requests: int = 150
    refused: int = 60
    hash_seconds: float = 1.5


FULL = Sizes()
# To see that everything works; its figures mean nothing.
QUICK = Sizes(people=5, people_with_hash=4, requests=3, refused=3, hash_seconds=0.2)


@dataclass
class Stage:
    site: Site
    database: Database
    sizes: Sizes
    name: str
    server: Server
    visitors: list[Visitor]
    counts: dict[str, dict[str, int]]  # by action, counted inside the process
    program: Program
    somebody: Visitor  # who stays signed in
    stranger: Visitor  # whose passwords are refused

    def read(self) -> Reading:
        return Reading(
            self.server.cpu_seconds(), self.database.cpu_seconds(self.name), self.database.log_bytes()
        )

    def forget_codes(self) -> None:
        if self.site.forget_codes:
            self.database.execute(self.name, self.site.forget_codes)
        else:
            time.sleep(SECONDS_TO_FORGET)

    def sign_everybody_in(self, clients: int) -> Taken:
        self.forget_codes()
        return sign_everybody_in(self.site, self.read, self.visitors, clients)

    def sign_somebody_in(self) -> None:
        """Sign in anew the one who stays signed in. The code must be a fresh one, or forgotten."""
        self.somebody.forget_session()
        self.site.sign_in(self.somebody, self.somebody.person)

    def get(self, page: Page) -> Taken:
        return repeat(self.read, self.somebody, self.sizes.requests, lambda visitor: visitor.get(page.path))

    def ask(self, act: Callable[[Program], None]) -> Taken:
        if self.site.forget_changes:
            self.database.execute(self.name, self.site.forget_changes)
        return repeat(self.read, self.program, self.sizes.requests, act)

    def attempt(self, expect: int = 429) -> None:
        fields = {"username": self.stranger.person.username, "password": WRONG}
        self.stranger.post(self.site.refuses_at, expect, **fields)

    def hang_up(self) -> None:
        """Close the connections, which the server may have done already: the next requests make new ones."""
        for client in (self.somebody, self.stranger, self.program):
            client.connection.close()

    def use_up_attempts(self) -> None:
        """Send wrong passwords until they are refused: since the last time, the window may have passed."""
        self.stranger.connection.close()
        self.stranger.get(self.site.refuses_at)
        for _ in range(20):
            try:
                return self.attempt()
            except Failed:
                continue
        raise Failed(f"{self.site.name}: twenty wrong passwords, and none is refused")

    def refuse(self) -> Taken:
        self.use_up_attempts()
        return repeat(self.read, self.stranger, self.sizes.refused, lambda visitor: self.attempt())

    def once(self, action: str) -> Callable[[], Any]:
        """Return what does this action once; the actions that a site has are those of `counts`."""
        if action == "login":
            return self.sign_somebody_in
        if action == "refused":
            return self.attempt
        page = next(page for page in self.site.pages if page.name == action)
        return partial(self.somebody.get, page.path)


@dataclass(frozen=True)
class Prepared:
    """A database with tables and people, and what its site's own process has told of them."""

    site: Site
    name: str
    variables: dict[str, str]
    told: dict[str, Any]


def prepare(database: Database, sizes: Sizes, site: Site, hasher: str) -> Prepared:
    name = f"{site.name}_{hasher}"
    people = sizes.people if hasher == "cheap" else sizes.people_with_hash
    variables = servers.environment(site, database.create(name), hasher)
    return Prepared(site, name, variables, json.loads(servers.run_inside(site, variables, people)))


@contextmanager
def stage(prepared: Prepared, database: Database, sizes: Sizes) -> Iterator[Stage]:
    site, told = prepared.site, prepared.told
    server = servers.start(site, prepared.variables)
    try:
        *visitors, somebody, victim = [Visitor(server.port, Person(**person)) for person in told["people"]]
        program = Program(server.port, told["token"])
        stranger = Visitor(server.port, Person(victim.person.username, "", "10.9.9.9"))
        made = Stage(
            site,
            database,
            sizes,
            prepared.name,
            server,
            visitors,
            told["counts"],
            program,
            somebody,
            stranger,
        )
        for _ in range(2):  # makes all browsers known, and fills caches
            made.sign_everybody_in(CLIENTS_TO_WARM_UP)
        for _ in range(2):
            made.forget_codes()
            made.sign_somebody_in()
        yield made
    finally:
        server.stop()
