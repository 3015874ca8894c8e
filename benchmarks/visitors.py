"""Sign in over the network with several browsers at once, and measure time and what it takes."""

import http.client
import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

from benchmarks.meters import Reading
from benchmarks.sites import Person, Site


class Connected(Protocol):
    """A client with a persistent connection."""

    connection: http.client.HTTPConnection


Asking = TypeVar("Asking", bound=Connected)

TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="([^"]+)"')
SESSION_COOKIES = ("session", "sessionid")


class Failed(Exception):
    """A site sent an unexpected response, so the measurement is void."""


@dataclass
class Visitor:
    """One browser of one person, with cookies and one persistent connection."""

    port: int
    person: Person
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""
    requests: int = 0
    bytes: int = 0

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def get(self, path: str) -> None:
        self.send("GET", path, 200)

    def post(self, path: str, expect: int, **fields: str) -> None:
        fields["csrfmiddlewaretoken"] = self.token
        self.send("POST", path, expect, urlencode(fields))

    def send(self, method: str, path: str, expect: int, body: str | None = None) -> None:
        headers = {"X-Forwarded-For": self.person.address}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        content = response.read()
        if response.status != expect:
            raise Failed(f"{method} {path}: {response.status}, not {expect}\n{content.decode()[:2000]}")
        self.take(response, content)

    def take(self, response: http.client.HTTPResponse, content: bytes) -> None:
        self.requests += 1
        self.bytes += len(content) + sum(len(name) + len(value) + 4 for name, value in response.getheaders())
        if found := TOKEN.search(content):
            self.token = found[1].decode()
        for cookie in response.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value

    def forget_session(self) -> None:
        """Forget the session but stay a known browser. Reconnect: the server may have hung up."""
        self.connection.close()
        for name in SESSION_COOKIES:
            self.cookies.pop(name, None)


@dataclass(frozen=True)
class Taken:
    """The cost of a number of actions."""

    actions: int
    seconds: float
    used: Reading
    durations: list[float]
    requests: int = 0
    bytes: int = 0

    @property
    def cpu_ms(self) -> float:
        """Return the CPU time of one action in the site's own processes, in milliseconds."""
        return self.used.cpu_seconds / self.actions * 1000

    @property
    def database_ms(self) -> float:
        """Return the CPU time of one action in the database's processes, in milliseconds."""
        return self.used.database_cpu_seconds / self.actions * 1000

    @property
    def log_bytes(self) -> float:
        """Return the bytes that one action adds to the write-ahead log."""
        return self.used.log_bytes / self.actions

    @property
    def per_second(self) -> float:
        return self.actions / self.seconds

    def percentile_ms(self, percent: int) -> float:
        ordered = sorted(self.durations)
        return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1000


Read = Callable[[], Reading]


def sign_everybody_in(site: Site, read: Read, visitors: list[Visitor], clients: int) -> Taken:
    for visitor in visitors:
        visitor.forget_session()
        visitor.requests = visitor.bytes = 0
    taken = measure(read, visitors, lambda visitor: site.sign_in(visitor, visitor.person), clients)
    return Taken(
        **taken,
        requests=sum(visitor.requests for visitor in visitors) // len(visitors),
        bytes=sum(visitor.bytes for visitor in visitors) // len(visitors),
    )


def repeat(read: Read, visitor: Asking, times: int, act: Callable[[Asking], Any]) -> Taken:
    """Repeat one action, one after the other, and measure it."""
    visitor.connection.close()
    return Taken(**measure(read, [visitor] * times, act, clients=1))


def measure(
    read: Read, visitors: Iterable[Asking], act: Callable[[Asking], Any], clients: int
) -> dict[str, Any]:
    todo: SimpleQueue[Asking] = SimpleQueue()
    for visitor in visitors:
        todo.put(visitor)
    durations: list[float] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while not failures:
                visitor = todo.get_nowait()
                began = time.perf_counter()
                act(visitor)
                durations.append(time.perf_counter() - began)
        except Empty:
            pass
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    before, began = read(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    if failures:
        raise failures[0]
    return {
        "actions": len(durations),
        "seconds": seconds,
        "used": read() - before,
        "durations": durations,
    }
