"""People who come and go without a pause, while something is killed, restarted or full."""

import threading
import time
from dataclasses import dataclass

from tests.support.parallel import CSRF_TOKEN, post
from tests.support.people import PASSWORD
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

PROFILE = "/app/settings/profile"
TICK = 0.01  # seconds


@dataclass(frozen=True)
class Answer:
    at: float  # of the monotonic clock, when it came
    took: float
    status: int
    path: str


class Lateness:
    """A thread that wakes a hundred times a second, and notes how much later than it asked for.

    A busy machine lets everybody wait, this thread, too. What it has waited too long is not the product's.
    """

    def __init__(self):
        self.woken = []  # (when, by how much too late), of the monotonic clock
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.wake, daemon=True)

    def wake(self):
        while not self.stopping.is_set():
            due = time.monotonic() + TICK
            time.sleep(TICK)
            now = time.monotonic()
            self.woken.append((now, now - due))

    def between(self, began, ended):
        return sum(late for at, late in list(self.woken) if began <= at <= ended)


class Recording(Visitor):
    """A browser that notes how long each answer took, without what the machine kept everybody waiting."""

    def __init__(self, site, answers, lateness):
        super().__init__(site.url)
        self.cookies["csrf"] = CSRF_TOKEN
        self.answers, self.lateness = answers, lateness

    def send(self, method, url, fields=None, **headers):
        began = time.monotonic()
        reply = super().send(method, url, fields, **headers)
        now = time.monotonic()
        took = now - began - self.lateness.between(began, now)
        self.answers.append(Answer(now, took, reply.status, f"{method} {url}"))
        return reply


class Load:
    """Sign in, look, sign out, again and again: `with Load(site, names) as load`, a thread for each name."""

    def __init__(self, site, names):
        self.site, self.names = site, names
        self.answers, self.signed_in = [], []
        self.lateness = Lateness()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.come_and_go, args=(name,)) for name in names]

    def __enter__(self):
        for thread in [self.lateness.thread, *self.threads]:
            thread.start()
        return self

    def __exit__(self, *error):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        self.lateness.stopping.set()
        self.lateness.thread.join()

    def come_and_go(self, name):
        while not self.stopping.is_set():
            visitor = Recording(self.site, self.answers, self.lateness)
            reply = post(visitor, "/session", username=name, password=PASSWORD)
            if reply.location == "/app":
                self.signed_in.append(name)
                visitor.get(PROFILE)
                post(visitor, "/session/logout")
            elif reply.status != 302:
                time.sleep(0.05)

    def wait_for(self, status, count=1, since=None):
        """Wait for answers with this status from now on; return the seconds until the first of them."""
        began = time.monotonic() if since is None else since

        def later():
            return [
                answer.at for answer in list(self.answers) if answer.at > began and answer.status == status
            ]

        wait_until(lambda: len(later()) >= count, lambda: f"{self.statuses()}\n{self.site.log()[-3000:]}")
        return later()[0] - began

    def statuses(self):
        found = [answer.status for answer in self.answers]
        return {status: found.count(status) for status in sorted(set(found))}

    def slowest(self, status=503):
        return max((answer.took for answer in self.answers if answer.status == status), default=0)

    def slow(self, seconds):
        """Return the answers that took longer than this."""
        return [answer for answer in self.answers if answer.took >= seconds]
