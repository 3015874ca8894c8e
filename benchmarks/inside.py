"""Prepare a site inside its own process: python -m benchmarks.inside {product,floor} PEOPLE

Create the tables and the people, count the cost of a login and of API requests, and print all as JSON.
"""

import cProfile
import json
import logging
import pstats
import sys
from dataclasses import asdict, dataclass
from typing import Any

import django
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks import people
from benchmarks.programs import MEDIA_TYPE, QUESTIONS
from benchmarks.sites import SITES, Person, Site
from tests.support.statements import statements, write_transactions


@dataclass
class InProcess:
    """A browser inside the process."""

    client: Client

    def get(self, path: str) -> None:
        assert self.client.get(path).status_code == 200

    def post(self, path: str, expect: int, **fields: str) -> None:
        assert self.client.post(path, fields).status_code == expect


@dataclass
class ProgramInProcess:
    """A program inside the process."""

    client: Client

    def send(self, method: str, path: str, content: Any = None) -> None:
        body = "" if content is None else json.dumps(content)
        assert self.client.generic(method, path, body, MEDIA_TYPE).status_code == 200


def count_questions(token: str) -> dict[str, int]:
    """Count the statements of each API request. A first, uncounted one records when the token was used."""
    client = Client(HTTP_HOST="127.0.0.1", headers={"Authorization": f"Bearer {token}"})
    program = ProgramInProcess(client)
    counts = {}
    for question in QUESTIONS:
        question.ask(program)
        with CaptureQueriesContext(connection) as captured:
            question.ask(program)
        counts[question.name] = len(statements(list(captured)))
    return counts


def count(site: Site, person: Person) -> dict[str, Any]:
    """Count the cost of a login in a known browser. A first, uncounted one fills caches and sends a mail."""
    browser = InProcess(Client(HTTP_HOST="127.0.0.1", REMOTE_ADDR=person.address))
    forget_codes(site)
    sign_in(site, browser, person)
    forget_codes(site)
    with CaptureQueriesContext(connection) as captured:
        sign_in(site, browser, person)
        queries = list(captured)
    forget_codes(site)
    profile = cProfile.Profile()
    profile.enable()
    sign_in(site, browser, person)
    profile.disable()
    return {
        "statements": len(statements(queries)),
        "write transactions": write_transactions(queries),
        "function calls": pstats.Stats(profile).total_calls,
    }


def forget_codes(site: Site) -> None:
    with connection.cursor() as cursor:
        cursor.execute(site.forget_codes)


def sign_in(site: Site, browser: InProcess, person: Person) -> None:
    for name in ("session", "sessionid"):
        browser.client.cookies.pop(name, None)
    site.sign_in(browser, person)


def main(site: Site, number: int) -> None:
    django.setup()
    logging.disable(logging.WARNING)
    call_command("migrate", verbosity=0)
    made, token = people.make(site.name, number)
    prepared = {
        "people": [asdict(person) for person in made],
        "token": token,
        "counts": count(site, made[0]),
        "statements": count_questions(token),
    }
    print(json.dumps(prepared))


if __name__ == "__main__":
    main(SITES[sys.argv[1]], int(sys.argv[2]))
