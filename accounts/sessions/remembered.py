"""Browsers that need no second factor for 14 days at most, because their user asked for that (D10).

A row per browser, which falls with the user's stamp. The token is looked at after a right password only, and
what it opens is verified, but neither sudo nor the site administration (assurance.is_fully_verified). The
cookie keeps one token for each of the people who share the browser.
"""

import secrets
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.audit import Actor, Event, record, subject_of
from accounts.models import RememberedBrowser, Session, User
from accounts.sessions.lifetimes import (
    LAST_USED_RESOLUTION,
    PENDING_REMEMBER,
    REMEMBER,
    limit_columns,
    shortest,
)
from accounts.sessions.locks import acting
from accounts.sessions.store import SessionStore, hash_of
from accounts.web.cookies import delete_private, read_private, set_private

LIFETIME = timedelta(days=14)

COOKIE = "remembered"
LONGEST_VALUE = 2000
MOST_USERS = 10  # people who share one browser


def lifetime_after(login: Session) -> timedelta:
    """Return how long the browser of a pending login would be remembered, as things stand."""
    return shortest(LIFETIME, login, PENDING_REMEMBER)


def remember(user: User, *, session: SessionStore, actor: Actor) -> None:
    """Let this browser go without the second factor from now on. Part of a complete login's transaction."""
    now = timezone.now()
    token = secrets.token_urlsafe(32)
    RememberedBrowser.objects.create(
        user=user,
        token_hash=hash_of(token),
        security_stamp=user.security_stamp,
        created_at=now,
        expires_at=now + LIFETIME,
        last_used_at=now,
        ip=actor.ip,
        user_agent=actor.user_agent,
    )
    record(Event.BROWSER_REMEMBERED, actor=actor, subject=subject_of(user), user=user)
    session.remembered_token = token


def recognise(user: User, token: str) -> bool:
    """Tell whether a browser with this token may go without the second factor; note the use.

    The note decides: it waits for a revocation that is under way, and then finds no row.
    """
    now = timezone.now()
    browser = rows_of(user).filter(token_hash=hash_of(token)).first()
    if browser is None or not is_good(browser, now):
        return False
    return RememberedBrowser.objects.filter(pk=browser.pk).update(last_used_at=now) == 1


def remembered_browsers(user: User) -> list[RememberedBrowser]:
    """Return the browsers that would be let through now, those used last first."""
    now = timezone.now()
    newest_first = rows_of(user).order_by("-last_used_at", "-pk")
    return [browser for browser in newest_first if is_good(browser, now)]


def rows_of(user: User) -> QuerySet[RememberedBrowser]:
    """Rows under the user's present stamp, each with the limits of the user's organizations."""
    rows = RememberedBrowser.objects.filter(user=user, security_stamp=user.security_stamp)
    return rows.annotate(**limit_columns())


def ends_at(browser: RememberedBrowser) -> datetime:
    """Return until when a browser is remembered, as the user's organizations will have it at present."""
    return min(browser.expires_at, browser.created_at + shortest(LIFETIME, browser, REMEMBER))


def is_good(browser: RememberedBrowser, now: datetime) -> bool:
    # One from the future is a clock that was set back.
    return browser.created_at <= now + LAST_USED_RESOLUTION and now < ends_at(browser)


def forget(user: User, *, actor: Actor, only: int | None = None) -> list[str]:
    """Have one browser, or all of them, asked for the second factor again. Returns their tokens' hashes.

    Raises SessionEnded.
    """
    rows = RememberedBrowser.objects.filter(user=user)
    if only is not None:
        rows = rows.filter(pk=only)
    with acting(actor):
        hashes = list(rows.select_for_update().order_by("pk").values_list("token_hash", flat=True))
        if hashes:
            RememberedBrowser.objects.filter(token_hash__in=hashes).delete()
            record(
                Event.BROWSERS_FORGOTTEN, actor=actor, subject=subject_of(user), user=user, number=len(hashes)
            )
    return hashes


def tokens(request: HttpRequest) -> dict[int, str]:
    """Return the tokens that this browser keeps, by user id. They come from the client: rows decide."""
    value = read_private(request, COOKIE)
    if len(value) > LONGEST_VALUE or not value.isascii():
        return {}
    entries = [entry.partition(".") for entry in value.split("~")]
    return {int(pk): token for pk, _dot, token in entries if pk.isdigit() and token}


def keep_token(request: HttpRequest, response: HttpResponse, user: User, token: str) -> None:
    """Have the browser keep a new token of this user, beside those of other people."""
    others = {pk: kept for pk, kept in tokens(request).items() if pk != user.pk}
    write_tokens(response, dict([*others.items(), (user.pk, token)][-MOST_USERS:]))


def drop_tokens(request: HttpRequest, response: HttpResponse, hashes: list[str]) -> None:
    """Have the browser forget its tokens with these hashes."""
    kept = tokens(request)
    left = {pk: token for pk, token in kept.items() if hash_of(token) not in hashes}
    if left != kept:
        write_tokens(response, left)


def write_tokens(response: HttpResponse, kept: dict[int, str]) -> None:
    if not kept:
        delete_private(response, COOKIE)
        return
    value = "~".join(f"{pk}.{token}" for pk, token in kept.items())
    set_private(response, COOKIE, value, lifetime=LIFETIME)
