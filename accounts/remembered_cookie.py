"""The cookie of a remembered browser: one token for each of the people who share the browser."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts import remembered
from accounts.audit import user_agents
from accounts.models import RememberedBrowser, User
from accounts.sessions import hash_of

LONGEST_VALUE = 2000
MOST_USERS = 10  # people who share one browser


def cookie_name() -> str:
    return "__Host-remembered" if settings.HTTPS else "remembered"


def tokens(request: HttpRequest) -> dict[int, str]:
    """Return the tokens that this browser keeps, by user id. They come from the client: rows decide."""
    value = request.COOKIES.get(cookie_name(), "")
    if len(value) > LONGEST_VALUE or not value.isascii():
        return {}
    entries = [entry.partition(".") for entry in value.split("~")]
    return {int(pk): token for pk, _dot, token in entries if pk.isdigit() and token}


def keep(request: HttpRequest, response: HttpResponse, user: User, token: str) -> None:
    """Have the browser keep a new token of this user, beside those of other people."""
    others = {pk: kept for pk, kept in tokens(request).items() if pk != user.pk}
    write(response, dict([*others.items(), (user.pk, token)][-MOST_USERS:]))


def drop(request: HttpRequest, response: HttpResponse, hashes: list[str]) -> None:
    """Have the browser forget its tokens with these hashes."""
    kept = tokens(request)
    left = {pk: token for pk, token in kept.items() if hash_of(token) not in hashes}
    if left != kept:
        write(response, left)


def write(response: HttpResponse, kept: dict[int, str]) -> None:
    if not kept:
        response.delete_cookie(cookie_name(), path="/", samesite="Lax")
        return
    response.set_cookie(
        cookie_name(),
        "~".join(f"{pk}.{token}" for pk, token in kept.items()),
        max_age=remembered.LIFETIME,
        path="/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


@dataclass(frozen=True)
class Entry:
    """A remembered browser, as its user may see it."""

    row: RememberedBrowser
    browser: str
    ends_at: datetime
    is_this: bool


def list_of(request: HttpRequest, user: User) -> list[Entry]:
    """Return the browsers that are remembered for this user, this one marked."""
    own = hash_of(tokens(request).get(user.pk, ""))
    return [
        Entry(row, user_agents.describe(row.user_agent), remembered.ends_at(row), row.token_hash == own)
        for row in remembered.list_of(user)
    ]
