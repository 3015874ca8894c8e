"""Accept or refuse the personal tokens of an organization's members.

The gate of the API reads it on each request; nothing is written to tokens. Pages are not concerned: an owner
can always change it back there, also without any token.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, QuerySet
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import ApiToken, unexpired
from accounts.sessions.locks import acting
from accounts.web.keyset import PAGE_SIZE
from accounts.web.numbered import NumberedPage, page_of_found
from organizations import news
from organizations.access.rights import lock_with_right
from organizations.announcements import tell_of_user_tokens
from organizations.events import Event, record
from organizations.exceptions import TokenWouldEndItself
from organizations.models import Membership, Organization, Right

LATELY = timedelta(days=30)


def set_user_tokens(organization: Organization, enabled: bool, *, actor: Actor) -> Organization:
    """Accept personal tokens, or refuse them from the next request on. The same again is not a change.

    Raises TokenWouldEndItself, UserTokensRefused, NoLongerAllowed, OrganizationGone, RateLimited.
    """
    news.reserve_broadcast(organization, actor)
    with acting(actor):
        organization = lock_with_right(organization, actor, Right.USER_TOKENS)
        change_user_tokens(organization, enabled, actor=actor)
    return organization


def change_user_tokens(organization: Organization, enabled: bool, *, actor: Actor) -> None:
    """Like `set_user_tokens`, for a caller who holds the organization's lock."""
    if organization.user_tokens_enabled == enabled:
        return
    if not enabled and isinstance(actor.token, ApiToken):
        raise TokenWouldEndItself
    organization.user_tokens_enabled = enabled
    organization.save(update_fields=["user_tokens_enabled"])
    record(Event.USER_TOKENS_CHANGED, organization, actor=actor, enabled=enabled)
    tell_of_user_tokens(organization, actor=actor)


@dataclass(frozen=True)
class TokenUser:
    """A member whose tokens were used lately: how many of them, and when last."""

    name: str
    tokens: int
    last_used_at: datetime


def used_lately(organization: Organization) -> QuerySet[ApiToken]:
    """Return the working tokens of active members that were used within LATELY, for whatever organization."""
    members = Membership.objects.active().filter(organization=organization)
    return ApiToken.objects.filter(
        unexpired(),
        last_used_at__gte=timezone.now() - LATELY,
        owner__is_active=True,
        owner__in=members.values("user"),
    )


def users_lately(organization: Organization, number: int = 1) -> NumberedPage[TokenUser]:
    """Return a page of the members whose working tokens were used within LATELY, for whatever organization.

    Those who used theirs last come first. Where a token was used is not kept. Its description is its owner's
    own, and not told.
    """
    tokens = used_lately(organization)
    people = tokens.values("owner__username").annotate(tokens=Count("pk"), last=Max("last_used_at"))
    start = (number - 1) * PAGE_SIZE
    found = list(people.order_by("-last", "owner__username")[start : start + PAGE_SIZE + 1])
    page = page_of_found(found, number, tokens.values("owner").distinct().count)
    return page.with_rows(
        [TokenUser(row["owner__username"], row["tokens"], row["last"]) for row in page.rows]
    )
