"""Set how long the sessions of an organization's members last (D11).

The limits are read on each request, with the session itself, and never written to members.
"""

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
    """The smallest value of a column among the organizations of a row's user; NULL if none has a value.

    It is written as SQL: every request reads it, and the ORM takes longer to build it than the database to
    run it.
    """

    template = (
        "(SELECT MIN(o.%(column)s) FROM organizations_membership m"
        " JOIN organizations_organization o ON o.id = m.organization_id"
        " WHERE m.user_id = %(expressions)s AND m.status = 'active' AND o.%(column)s IS NOT NULL)"
    )
    output_field = IntegerField()


# Extra columns of sessions: the strictest limits of the user's organizations.
LIMITS = {
    lifetimes.TIMEOUT_LIMIT: Strictest(F("user_id"), column="session_timeout"),
    lifetimes.REMEMBER_LIMIT: Strictest(F("user_id"), column="session_remember"),
    lifetimes.PENDING_REMEMBER_LIMIT: Strictest(F("pending_user_id"), column="session_remember"),
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
    organization.save(update_fields=["session_timeout", "session_remember"])
    record(Event.USER_SESSIONS_CHANGED, organization, actor=actor, before=before, after=(timeout, remember))
    outbox.broadcast(
        "organization_user_sessions",
        audience=OWNERS,
        key=str(organization.pk),
        organization_name=organization.name,
        timeout=minutes_in_words(timeout or LONGEST_SESSION),
        remember=minutes_in_words(remember or LONGEST_SESSION),
    )
