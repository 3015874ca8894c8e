"""Prepare a site inside its own process: python -m benchmarks.inside SITE PEOPLE

Create the tables and the people, count the cost of a login, of pages and of API requests, and print all as
JSON.
"""

import cProfile
import json
import logging
import os
import pstats
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import django
from django.core.management import call_command
from django.db import connection
from django.test import Client

from benchmarks import people
from benchmarks.programs import MEDIA_TYPE, QUESTIONS
from benchmarks.sites import SITES, WRONG, Person, Site
from benchmarks.stages import SECONDS_TO_FORGET
from tests.support.statements import sent, statements, transaction_control, write_transactions

STRANGER = "10.9.9.8"


@dataclass
class InProcess:
    """A browser inside the process."""

    client: Client

    def get(self, path: str) -> None:
        response = self.client.get(path)
        assert response.status_code == 200, f"{path}: {response.status_code}"

    def post(self, path: str, expect: int, **fields: str) -> None:
        response = self.client.post(path, fields)
        assert response.status_code == expect, f"{path}: {response.status_code}\n{response.content.decode()}"


@dataclass
class ProgramInProcess:
    """A program inside the process."""

    client: Client

    def send(self, method: str, path: str, content: Any = None) -> None:
        body = "" if content is None else json.dumps(content)
        assert self.client.generic(method, path, body, MEDIA_TYPE).status_code == 200


def count(act: Callable[[], Any], prepare: Callable[[], Any] = lambda: None) -> dict[str, int]:
    """Count one action. A first, uncounted one fills caches, and sends the mail that a new browser causes."""
    prepare()
    act()
    prepare()
    with sent() as queries:
        act()
    prepare()
    profile = cProfile.Profile()
    profile.runcall(act)
    return {
        "statements": len(statements(queries)),
        "transaction control": len(transaction_control(queries)),
        "write transactions": write_transactions(queries),
        "function calls": pstats.Stats(profile).total_calls,
    }


def count_all(site: Site, made: list[Person], token: str) -> dict[str, dict[str, int]]:
    """Count a login in a known browser, each page of a person who is signed in, and what else there is."""
    person, victim = made[0], made[-1]
    browser = InProcess(Client(HTTP_HOST="127.0.0.1", REMOTE_ADDR=person.address))

    def sign_out() -> None:
        forget_codes(site)
        for name in ("session", "sessionid"):
            browser.client.cookies.pop(name, None)

    counts = {"login": count(lambda: site.sign_in(browser, person), sign_out)}
    for page in site.pages:
        counts[page.name] = count(lambda path=page.path: browser.get(path))  # type: ignore[misc]
    if site.refuses_at:
        counts["refused"] = count_refused(site, victim)
    if site.has_api:
        program = ProgramInProcess(
            Client(HTTP_HOST="127.0.0.1", headers={"Authorization": f"Bearer {token}"})
        )
        for question in QUESTIONS:
            counts[question.name] = count(lambda ask=question.ask: ask(program))  # type: ignore[misc]
    return counts


def count_refused(site: Site, person: Person) -> dict[str, int]:
    client = Client(HTTP_HOST="127.0.0.1", REMOTE_ADDR=STRANGER)
    fields = {"username": person.username, "password": WRONG}
    for _ in range(20):
        if client.post(site.refuses_at, fields).status_code == 429:
            break
    return count(lambda: InProcess(client).post(site.refuses_at, 429, **fields))


def forget_codes(site: Site) -> None:
    if site.forget_codes:
        with connection.cursor() as cursor:
            cursor.execute(site.forget_codes)
    else:
        time.sleep(SECONDS_TO_FORGET)


def main(site: Site, number: int) -> None:
    django.setup()
    logging.disable(logging.WARNING)
    call_command("migrate", verbosity=0)
    made, token = people.make(site.name, number)
    prepared = {
        "people": [asdict(person) for person in made],
        "token": token,
        # Counted once for each site: the hash makes no difference to it.
        "counts": count_all(site, made, token) if os.environ["PASSWORD_HASHER"] == "cheap" else {},
    }
    print(json.dumps(prepared))


if __name__ == "__main__":
    main(SITES[sys.argv[1]], int(sys.argv[2]))
