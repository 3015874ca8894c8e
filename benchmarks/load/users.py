"""People who use the site: they sign in, read, and do what their place in the team is about."""

import base64
import http.client
import itertools
import json
import random
import re
import threading
import time
from collections.abc import Callable
from urllib.parse import urlencode

import pyotp

from benchmarks.load.answers import Answers
from benchmarks.load.inside import NEWCOMER, OWNER, PROGRAMMER, TEAM
from benchmarks.sites import ORGANIZATION, PASSWORD, Person
from benchmarks.visitors import Failed

STEP = 30  # seconds in which a code works once
SECONDS_TO_ANSWER = 30
FORM = "application/x-www-form-urlencoded"
CSRF_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
HEADING = re.compile(r"<h1[^>]*>([^<]*)")
KEY = re.compile(r"secret=([A-Z2-7]{32})")
TOKEN = re.compile(r"\w{14}\.atlasv1\.\w{67}")
REVOKE = re.compile(r"/app/settings/tokens/\d+/revoke")
WITHDRAW = re.compile(r"/app/[\w-]+/settings/users/\d+/remove")
TWO_FACTOR = "/app/settings/two-factor"
TOKENS = "/app/settings/tokens"
PAGES = {
    "start page": "/app",
    "members": f"/app/{ORGANIZATION}",
    "two-factor": TWO_FACTOR,
    "sessions": "/app/settings/sessions",
    "activity": "/app/settings/activity",
    "tokens": TOKENS,
    "guide": "/docs",
}
AT_A_TIME = 8  # pages between sign-in and sign-out
MOST_INVITATIONS = 15  # of an owner: there are limits in a day


class User:
    """One person with one browser. Each request has a connection of its own, as from nginx."""

    def __init__(self, port: int, person: Person, index: int, answers: Answers, think: float) -> None:
        self.port, self.person, self.answers = port, person, answers
        self.place, self.team = index % TEAM, f"/app/team-{index // TEAM:03}"
        self.chance = random.Random(index)
        self.think = think  # seconds between two requests, on average
        self.cookies: dict[str, str] = {}
        self.csrf = ""
        self.last_step = 0
        self.numbers = itertools.count()
        self.over: Callable[[], bool] = lambda: False

    # --- Requests ---

    def ask(
        self, kind: str, method: str, path: str, expect: int, body: str | None, headers: dict[str, str]
    ) -> str:
        """Send a request, and return the text of the answer. Raises Failed for any other status."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS_TO_ANSWER)
        began = time.perf_counter()
        try:
            connection.request(method, path, body, {"X-Forwarded-For": self.person.address, **headers})
            response = connection.getresponse()
            text = response.read().decode()
        except (OSError, http.client.HTTPException) as error:
            raise self.answers.fail(kind, f"{type(error).__name__}: {error}") from None
        finally:
            connection.close()
        self.answers.keep(kind, time.perf_counter() - began)
        if response.status != expect:
            said = HEADING.search(text)
            where = response.headers.get("Location") or (said[1].strip() if said else text[:200])
            raise self.answers.fail(
                kind, f"{response.status} instead of {expect} for {method} {path}: {where}"
            )
        if found := CSRF_TOKEN.search(text):
            self.csrf = found[1]
        for cookie in response.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return text

    @property
    def headers(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}

    def get(self, kind: str, path: str) -> str:
        self.pause()
        return self.ask(kind, "GET", path, 200, None, self.headers)

    def post(self, kind: str, path: str, expect: int = 302, **fields: str) -> str:
        self.pause()
        body = urlencode(fields | {"csrfmiddlewaretoken": self.csrf})
        return self.ask(kind, "POST", path, expect, body, self.headers | {"Content-Type": FORM})

    def call(self, kind: str, token: str, path: str) -> None:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.api+json"}
        json.loads(self.ask(kind, "GET", f"/api/v2/{path}", 200, None, headers))

    def pause(self) -> None:
        if self.think:
            time.sleep(self.chance.uniform(0, 2 * self.think))

    # --- A day ---

    def live(self, over: Callable[[], bool]) -> None:
        """Use the site until it is over. After an error they come back as a new browser."""
        self.over = over
        time.sleep(self.chance.uniform(0, 2 * self.think))
        while not over():
            try:
                self.come_and_go()
            except Failed:
                self.cookies.clear()
                self.pause()

    def come_and_go(self) -> None:
        self.sign_in()
        turns = {OWNER: self.decide, NEWCOMER: self.set_up, PROGRAMMER: self.use_tokens}
        acts = turns.get(self.place, self.read)
        while not self.over():
            self.read()
            acts()
            if self.can_sign_in():
                break
        self.post("sign out", "/session/logout")

    def can_sign_in(self) -> bool:
        """Return whether there is a code that this person has not used: a code works once."""
        return not self.person.secret or self.last_step <= int(time.time()) // STEP

    def sign_in(self) -> None:
        self.get("sign-in page", "/session")
        self.post("password", "/session", username=self.person.username, password=PASSWORD)
        if self.person.secret:
            self.get("page for the code", "/session/two-factor")
            self.last_step = max(int(time.time()) // STEP, self.last_step + 1)
            self.post("code", "/session/two-factor", code=code_at(self.person, self.last_step))
        self.get("start page", "/app")
        self.answers.count_login()

    def read(self) -> None:
        for _ in range(AT_A_TIME // 2):
            if self.over():
                return
            kind = self.chance.choice(list(PAGES))
            if kind == "members" and not self.person.secret:
                continue
            self.get(kind, PAGES[kind])

    def decide(self) -> None:
        """An owner requires two-factor or lifts it, changes how long sessions are, invites and withdraws."""
        settings, number = f"{self.team}/settings", next(self.numbers)
        self.get("users", f"{settings}/users")
        page = self.get("policy page", f"{settings}/authentication")
        word = "disable" if "/disable-two-factor" in page else "require"
        self.post("policy", f"{settings}/authentication/{word}-two-factor")
        times = {"session_timeout": str(1_000 + number), "session_remember": ""}
        self.post("policy", f"{settings}/authentication/user-sessions", **times)
        if number < MOST_INVITATIONS:
            guest = f"guest{number}-{self.person.username}@example.com"
            self.post("invitation", f"{settings}/users/add", username=guest)
            page = self.get("users", f"{settings}/users?status=invited")
            if found := WITHDRAW.search(page):
                self.post("removal", found[0])

    def set_up(self) -> None:
        """A newcomer sets up an app, keeps the codes, and turns it off again."""
        self.get("two-factor", TWO_FACTOR)
        self.post("set-up: begun", f"{TWO_FACTOR}/enable", method="app")
        found = KEY.search(self.get("set-up: page", f"{TWO_FACTOR}/confirm"))
        if found is None:
            raise self.answers.fail("set-up: page", "it shows no key")
        self.post("set-up: confirmed", f"{TWO_FACTOR}/confirm", code=pyotp.TOTP(found[1]).now())
        self.get("recovery codes", f"{TWO_FACTOR}/codes")
        self.post("recovery codes kept", f"{TWO_FACTOR}/codes/kept")
        self.get("two-factor", TWO_FACTOR)
        self.post("two-factor disabled", f"{TWO_FACTOR}/disable", password=PASSWORD)
        self.get("two-factor", TWO_FACTOR)

    def use_tokens(self) -> None:
        """Somebody makes a token, uses it, and revokes it."""
        self.get("tokens", TOKENS)
        found = TOKEN.search(
            self.post("token made", f"{TOKENS}/create", 200, description="load", expires="30")
        )
        if found is None:
            raise self.answers.fail("token made", "the page shows none")
        for path in (
            "account/details",
            "organizations",
            f"organizations/{ORGANIZATION}/organization-memberships",
        ):
            self.call("API", found[0], path)
        revoke = REVOKE.search(self.get("tokens", TOKENS))
        if revoke is None:
            raise self.answers.fail("tokens", "there is none to revoke")
        self.post("token revoked", revoke[0])


def code_at(person: Person, step: int) -> str:
    key = base64.b32encode(bytes.fromhex(person.secret)).decode()
    return pyotp.TOTP(key).at(step * STEP)


def use(port: int, people: list[Person], seconds: float, think: float) -> Answers:
    """Have all of them use the site at once for so long; return what was answered."""
    answers = Answers()
    end = time.monotonic() + seconds
    users = [User(port, person, index, answers, think) for index, person in enumerate(people)]
    threads = [threading.Thread(target=user.live, args=[lambda: time.monotonic() > end]) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.seconds = time.monotonic() - answers.began
    return answers
