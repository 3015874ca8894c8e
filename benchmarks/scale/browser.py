"""A browser and a program inside the process: their requests go through the product's whole WSGI handler."""

import json
import re
from typing import Any

from django.db import connection
from django.http import HttpResponse
from django.test import Client

from benchmarks.scale.meter import Unexpected
from benchmarks.sites import PASSWORD, PRODUCT, Person

MEDIA_TYPE = "application/vnd.api+json"
HEADING = re.compile(r"<h1[^>]*>([^<]*)")


def checked(response: HttpResponse, method: str, path: str, expect: int) -> HttpResponse:
    """Return the response. Raises Unexpected for another status."""
    if response.status_code != expect:
        said = HEADING.search(response.content.decode())
        where = response.headers.get("Location") or (said[1].strip() if said else "")
        raise Unexpected(f"{response.status_code} {where}".strip() + f" ({method} {path})")
    return response


class Browser:
    def __init__(self, person: Person) -> None:
        self.person = person
        self.client = Client(HTTP_HOST="127.0.0.1", REMOTE_ADDR=person.address)

    def get(self, path: str, expect: int = 200) -> HttpResponse:
        return checked(self.client.get(path), "GET", path, expect)

    def post(self, path: str, expect: int = 302, **fields: str) -> HttpResponse:
        return checked(self.client.post(path, fields), "POST", path, expect)

    def sign_in(self) -> None:
        """Sign in anew, as a browser that the site knows."""
        self.client.cookies.pop("session", None)
        if self.person.secret:
            PRODUCT.sign_in(self, self.person)
            return
        self.get("/session")
        self.post("/session", 302, username=self.person.username, password=PASSWORD)
        self.get("/app")


class Program:
    def __init__(self, token: str) -> None:
        self.client = Client(HTTP_HOST="127.0.0.1", headers={"Authorization": f"Bearer {token}"})

    def get(self, path: str, expect: int = 200) -> HttpResponse:
        return self.send("GET", path, expect)

    def send(self, method: str, path: str, expect: int, content: Any = None) -> HttpResponse:
        body = "" if content is None else json.dumps(content)
        response = self.client.generic(method, f"/api/v2/{path}", body, MEDIA_TYPE)
        return checked(response, method, path, expect)


def forget_codes(*_: object) -> None:
    """Make used codes of those who act valid again, instead of waiting for 30 seconds."""
    with connection.cursor() as cursor:
        cursor.execute(f"{PRODUCT.forget_codes} WHERE user_id < 1000")
