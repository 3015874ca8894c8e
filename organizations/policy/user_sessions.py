"""Set how long the sessions of an organization's members last (D11).

The limits are read on each request, with the session itself, and never written to members. What a limit has
ended must not come back when the limit is made longer: the shorter one stays in force until `run_due_work`
has deleted what it ended (organizations/policy/former_limits.py).
"""

from typing import Any

from django.db.models import F, Func, IntegerField

from accounts import outbox
from accounts.audit import Actor
from accounts.sessions import lifetimes
from accounts.sessions.locks import acting
from accounts.web.durations import minutes_in_words
from organizations import news
from organizations.access.rights import lock_with_right
from organizations.events import Event, record
from organizations.models import LONGEST_SESSION, SHORTEST_SESSION, Organization
from organizations.news import OWNERS
from organizations.policy.exceptions import SessionOutOfRange


class Strictest(Func):
    """The smallest value of two columns among the organizations of a row's user; NULL if none has a value.

    It is written as SQL: every request reads it, and the ORM takes longer to build it than the database to
    run it.
    """

    template = (
        "(SELECT MIN(LEAST(o.%(column)s, o.%(former)s)) FROM organizations_membership m"
        " JOIN organizations_organization o ON o.id = m.organization_id"
        " WHERE m.user_id = %(expressions)s AND m.status = 'active'"
        " AND (o.%(column)s IS NOT NULL OR o.%(former)s IS NOT NULL))"
    )
    # Its MIN of two values is NULL if one of them is.
    sqlite = template.replace(
        "LEAST(o.%(column)s, o.%(former)s)",
        "MIN(COALESCE(o.%(column)s, o.%(former)s), COALESCE(o.%(former)s, o.%(column)s))",
    )
    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template=self.sqlite, **context)


TIMEOUT: dict[str, Any] = {"column": "session_timeout", "former": "former_timeout"}
REMEMBER: dict[str, Any] = {"column": "session_remember", "former": "former_remember"}

# Extra columns of sessions: the strictest limits of the user's organizations.
LIMITS = {
    lifetimes.TIMEOUT_LIMIT: Strictest(F("user_id"), **TIMEOUT),
    lifetimes.REMEMBER_LIMIT: Strictest(F("user_id"), **REMEMBER),
    lifetimes.PENDING_REMEMBER_LIMIT: Strictest(F("pending_user_id"), **REMEMBER),
}


def update_user_sessions(
    organization: Organization, *, timeout: int | None, remember: int | None, actor: Actor
) -> Organization:
    """Set after how many minutes members must sign in again: without use, and since the sign-in.

    None is the default. Equal values are not a change. Raises SessionOutOfRange, NoLongerAllowed,
    OrganizationGone, RateLimited.
    """
    news.reserve_broadcast(organization, actor)
    with acting(actor):
        organization = lock_with_right(organization, actor)
        change_sessions(organization, timeout=timeout, remember=remember, actor=actor)
    return organization


def check_length(minutes: int | None) -> None:
    """Raise SessionOutOfRange unless an owner may choose this many minutes; None is the default."""
    if minutes is not None and not SHORTEST_SESSION <= minutes <= LONGEST_SESSION:
        raise SessionOutOfRange


def change_sessions(
    organization: Organization, *, timeout: int | None, remember: int | None, actor: Actor
) -> None:
    """Like `update_user_sessions`, for a caller who holds the organization's lock."""
    for minutes in (timeout, remember):
        check_length(minutes)
    before = (organization.session_timeout, organization.session_remember)
    if before == (timeout, remember):
        return
    organization.session_timeout, organization.session_remember = timeout, remember
    organization.former_timeout = still_in_force(organization.former_timeout, before[0], timeout)
    organization.former_remember = still_in_force(organization.former_remember, before[1], remember)
    organization.save(
        update_fields=["session_timeout", "session_remember", "former_timeout", "former_remember"]
    )
    record(Event.USER_SESSIONS_CHANGED, organization, actor=actor, before=before, after=(timeout, remember))
    outbox.broadcast(
        "organization_user_sessions",
        audience=OWNERS,
        key=str(organization.pk),
        organization_name=organization.name,
        timeout=minutes_in_words(timeout or LONGEST_SESSION),
        remember=minutes_in_words(remember or LONGEST_SESSION),
    )


def still_in_force(former: int | None, before: int | None, now: int | None) -> int | None:
    """Return the former limit that stays in force when a limit changes; None if it only becomes shorter."""
    longest = LONGEST_SESSION + 1
    kept = [former] if former is not None else []
    if before is not None and (now or longest) > before:
        kept.append(before)
    return min(kept, default=None)
