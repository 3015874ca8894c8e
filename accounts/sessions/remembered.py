"""Remembered browsers: they need no second factor for 14 days at most, if their user chose that (D10).

Each has a row, valid only while the user has the same stamp. The token is checked only after a right
password. The session is then verified, but without sudo and admin site (assurance.is_fully_verified). The
cookie keeps one token for each user of the browser.
"""

import secrets
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.audit import Actor, Event, record, subject_of
from accounts.models import RememberedBrowser, Session, User
from accounts.sessions import caps
from accounts.sessions.lifetimes import (
    LAST_USED_RESOLUTION,
    PENDING_REMEMBER_LIMIT,
    REMEMBER_LIMIT,
    limit_columns,
    limits_of,
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
    """Return how long the browser of a pending login would be remembered under the current limits."""
    return shortest(LIFETIME, login, PENDING_REMEMBER_LIMIT)


def remember(user: User, *, method: str, session: SessionStore, actor: Actor) -> None:
    """Remember this browser: it needs no second factor from now on. Part of the login's transaction.

    `method` is the factor that verified the login. The caller holds the user's lock.
    """
    now = timezone.now()
    caps.forget_idle_browsers(user, actor=actor)
    token = secrets.token_urlsafe(32)
    RememberedBrowser.objects.create(
        user=user,
        token_hash=hash_of(token),
        security_stamp=user.security_stamp,
        created_at=now,
        expires_at=now + LIFETIME,
        last_used_at=now,
        method=method,
        ip=actor.ip,
        user_agent=actor.user_agent,
    )
    record(Event.BROWSER_REMEMBERED, actor=actor, subject=subject_of(user), user=user)
    session.remembered_token = token


def recognise(user: User, token: str) -> RememberedBrowser | None:
    """Return the browser with this token if it needs no second factor; store the use.

    The update decides: if a revocation is in progress, it waits for that, then finds no row.
    """
    now = timezone.now()
    rows = of_present_stamp(user)
    read_with = {caps.CROWDED: caps.crowd_of("user_id"), **limit_columns()}
    browser = rows.annotate(**read_with).filter(token_hash=hash_of(token)).first()
    if browser is None or not is_good(browser, now):
        return None
    used = RememberedBrowser.objects.filter(pk=browser.pk).update(last_used_at=now)
    return browser if used else None


def remembered_browsers(user: User) -> list[RememberedBrowser]:
    """Return the browsers that need no second factor now, by last use, newest first."""
    now = timezone.now()
    rows = of_present_stamp(user)
    newest = list(rows.order_by("-last_used_at", "-pk")[: caps.MOST_REMEMBERED])
    if newest:
        limits = limits_of(rows.filter(pk=newest[0].pk))
        for browser in newest:
            browser.__dict__.update(limits)
    return [browser for browser in newest if is_good(browser, now)]


def of_present_stamp(user: User) -> QuerySet[RememberedBrowser]:
    """Return the rows that no new stamp of the user has ended."""
    return RememberedBrowser.objects.filter(user=user, security_stamp=user.security_stamp)


def ends_at(browser: RememberedBrowser) -> datetime:
    """Return until when a browser is remembered, under the current limits of the user's organizations."""
    return min(browser.expires_at, browser.created_at + shortest(LIFETIME, browser, REMEMBER_LIMIT))


def is_good(browser: RememberedBrowser, now: datetime) -> bool:
    # A time in the future means that the clock was set back.
    return browser.created_at <= now + LAST_USED_RESOLUTION and now < ends_at(browser)


def forget(user: User, *, actor: Actor, only: int | None = None) -> list[str]:
    """Forget one remembered browser (`only`), or all; return their tokens' hashes. Raises SessionEnded."""
    rows = RememberedBrowser.objects.filter(user=user)
    if only is not None:
        rows = rows.filter(pk=only)
    with acting(actor, always=True):
        hashes = list(rows.select_for_update().order_by("pk").values_list("token_hash", flat=True))
        if hashes:
            RememberedBrowser.objects.filter(token_hash__in=hashes).delete()
            record(
                Event.BROWSERS_FORGOTTEN, actor=actor, subject=subject_of(user), user=user, number=len(hashes)
            )
    return hashes


def kept_tokens(request: HttpRequest) -> dict[int, str]:
    """Return the tokens in the browser's cookie, by user id. Untrusted: only the rows decide."""
    value = read_private(request, COOKIE)
    if len(value) > LONGEST_VALUE or not value.isascii():
        return {}
    entries = [entry.partition(".") for entry in value.split("~")]
    return {int(pk): token for pk, _dot, token in entries if pk.isdigit() and token}


def keep_token(request: HttpRequest, response: HttpResponse, user: User, token: str) -> None:
    """Add a new token of this user to the cookie; keep those of other users, MOST_USERS at most."""
    others = {pk: kept for pk, kept in kept_tokens(request).items() if pk != user.pk}
    write_tokens(response, dict([*others.items(), (user.pk, token)][-MOST_USERS:]))


def drop_tokens(request: HttpRequest, response: HttpResponse, hashes: list[str]) -> None:
    """Remove the tokens with these hashes from the cookie."""
    kept = kept_tokens(request)
    left = {pk: token for pk, token in kept.items() if hash_of(token) not in hashes}
    if left != kept:
        write_tokens(response, left)


def write_tokens(response: HttpResponse, kept: dict[int, str]) -> None:
    if not kept:
        delete_private(response, COOKIE)
        return
    value = "~".join(f"{pk}.{token}" for pk, token in kept.items())
    set_private(response, COOKIE, value, lifetime=LIFETIME)
