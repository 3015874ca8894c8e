"""Send the same API requests to either site: with a token, as JSON, over one persistent connection."""

import http.client
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from benchmarks.sites import ORGANIZATION
from benchmarks.visitors import Failed

MEDIA_TYPE = "application/vnd.api+json"


class Sender(Protocol):
    """Sends requests over the network, or inside the process to count them."""

    def send(self, method: str, path: str, content: Any = None) -> None: ...


@dataclass(frozen=True)
class Question:
    name: str
    words: str
    ask: Callable[[Sender], None]


numbers = itertools.count()


def change(sender: Sender) -> None:
    """Change the address to a new one each time: an equal one is not a change."""
    attributes = {"email": f"bench{next(numbers)}@example.com"}
    document = {"data": {"type": "organizations", "attributes": attributes}}
    sender.send("PATCH", f"/api/v2/organizations/{ORGANIZATION}", document)


def reading(path: str) -> Callable[[Sender], None]:
    return lambda sender: sender.send("GET", f"/api/v2/{path}")


QUESTIONS = (
    Question("account", "`GET account/details`", reading("account/details")),
    Question("organization", "`GET organizations/:name`", reading(f"organizations/{ORGANIZATION}")),
    Question("change", "`PATCH organizations/:name` (address)", change),
    Question(
        "memberships",
        "`GET organizations/:name/organization-memberships`, 20 of 102",
        reading(f"organizations/{ORGANIZATION}/organization-memberships"),
    ),
)


class Program:
    """A program with its token, over the network."""

    def __init__(self, port: int, token: str) -> None:
        self.headers = {"Authorization": f"Bearer {token}", "Accept": MEDIA_TYPE}
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def send(self, method: str, path: str, content: Any = None) -> None:
        headers, body = self.headers, None
        if content is not None:
            headers, body = {**headers, "Content-Type": MEDIA_TYPE}, json.dumps(content)
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        text = response.read()
        if response.status != 200:
            raise Failed(f"{method} {path}: {response.status}\n{text.decode()[:2000]}")
