"""People who use two instances of the site, whatever happens to it, and remember what was answered."""

import http.client
import itertools
import re
import threading
import time
from dataclasses import dataclass, field

import pyotp

from tests.support.parallel import CHALLENGE, CSRF_TOKEN, RECOVERY, post
from tests.support.people import PASSWORD
from tests.support.visitor import Visitor

BETWEEN = 0.03  # seconds after a failure
AWAY = (OSError, http.client.HTTPException)
addresses = itertools.count(1)


class Failed(Exception):
    """There was no answer, or one that says nothing about whether it was done."""


class Stranger(Visitor):
    """A browser from a network of its own, as a trusted proxy says, so that no limit is met."""

    def __init__(self, site):
        super().__init__(site.url)
        number = next(addresses)
        self.address = f"100.{number // 250 % 250}.{number % 250}.7"
        self.cookies["csrf"] = CSRF_TOKEN

    def prepare(self, method, url, fields, headers):
        return super().prepare(method, url, fields, headers | {"X-Forwarded-For": self.address})


@dataclass
class Promises:
    """What was answered with success, and when; and the statuses of all other answers."""

    signed_up: list = field(default_factory=list)  # usernames
    spent: list = field(default_factory=list)  # (username, recovery code)
    stepped: list = field(default_factory=list)  # (username, time step of the code)
    tokens: list = field(default_factory=list)
    signed_out: list = field(default_factory=list)  # cookies
    times: list = field(default_factory=list)
    refused: list = field(default_factory=list)  # (time, status)

    def kept(self):
        lists = [self.signed_up, self.spent, self.stepped, self.tokens, self.signed_out]
        return {name: len(each) for name, each in zip(NAMES, lists, strict=True)}


NAMES = ["sign-ups", "recovery codes spent", "codes of apps spent", "tokens made", "sessions ended"]


class Load:
    """Threads, each with people of its own: `recoverers` and `steppers` are their applications."""

    def __init__(self, sites, recoverers, steppers, threads=4):
        self.sites = itertools.cycle(sites)
        self.promises = Promises()
        self.numbers = itertools.count()
        self.ending = threading.Event()
        self.failed = []
        self.threads = [
            threading.Thread(target=self.live, args=(recoverers[n::threads], steppers[n::threads]))
            for n in range(threads)
        ]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self.ending.set()
        for thread in self.threads:
            thread.join()

    def live(self, recoverers, steppers):
        codes = [(app, code) for app in recoverers for code in app.codes]
        turns = itertools.cycle([self.sign_up, self.recover, self.step])
        work = {self.recover: iter(codes), self.step: iter(steppers), self.sign_up: itertools.count()}
        while not self.ending.is_set():
            turn = next(turns)
            thing = next(work[turn], None)
            if thing is None:
                continue
            try:
                turn(Stranger(next(self.sites)), thing)
            except (*AWAY, Failed):
                time.sleep(BETWEEN)
            except Exception as error:
                self.failed.append(error)
                raise

    def ask(self, visitor, path, expected, **fields):
        """Post a form; anything but a redirect to `expected` is no success."""
        reply = post(visitor, path, **fields)
        if reply.location != expected:
            self.promises.refused.append((time.monotonic(), reply.status))
            raise Failed(f"{path}: {reply.status}")
        return reply

    def done(self, promises, promise):
        self.promises.times.append(time.monotonic())
        promises.append(promise)

    def sign_up(self, visitor, _number):
        name = f"newcomer{next(self.numbers)}"
        fields = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        self.ask(visitor, "/account/new", "/account/confirm", **fields)
        self.done(self.promises.signed_up, name)
        reply = post(visitor, "/app/settings/tokens/create", description="ci", expires="30")
        if found := re.search(r"\w{14}\.atlasv1\.\w{67}", reply.text):
            self.done(self.promises.tokens, found[0])
        else:
            self.promises.refused.append((time.monotonic(), reply.status))

    def recover(self, visitor, work):
        app, code = work
        self.ask(visitor, "/session", CHALLENGE, username=app.user.username, password=PASSWORD)
        self.ask(visitor, RECOVERY, "/app", code=code)
        self.done(self.promises.spent, (app.user.username, code))
        cookies = dict(visitor.cookies)
        self.ask(visitor, "/session/logout", "/session")
        self.done(self.promises.signed_out, cookies)

    def step(self, visitor, app):
        self.ask(visitor, "/session", CHALLENGE, username=app.user.username, password=PASSWORD)
        step = int(time.time()) // 30 + 1  # the present one was used to enrol
        self.ask(visitor, CHALLENGE, "/app", code=pyotp.TOTP(app.key).at(step * 30))
        self.done(self.promises.stepped, (app.user.username, step))
