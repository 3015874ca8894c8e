"""Create, replace and revoke the tokens of an organization, which belong to no person (D2)."""

from datetime import datetime

from django.db.models import QuerySet

from accounts import outbox
from accounts.audit import Actor
from accounts.models import BearerToken, unexpired
from accounts.sessions.locks import acting
from accounts.tokens import expiry, exposure
from accounts.tokens.issuing import issue
from organizations import news
from organizations.access.rights import lock_with_right
from organizations.announcements import tell_of_token
from organizations.events import Event, record
from organizations.listed import NOBODY, Listed
from organizations.models import Organization, OrganizationToken, Right
from organizations.news import OWNERS

TokenKind = OrganizationToken.Kind


def find(token_hash: str) -> BearerToken | None:
    tokens = OrganizationToken.objects.select_related("organization__counts")
    return tokens.filter(unexpired(), token_hash=token_hash).first()


def of_kind(organization: Organization, kind: TokenKind) -> OrganizationToken | None:
    """Return the token of this kind, even an expired one, or None."""
    return organization.tokens.filter(kind=kind).first()


def replace(
    organization: Organization,
    kind: TokenKind,
    *,
    expires_at: datetime | None,
    verified: bool = False,
    actor: Actor,
) -> tuple[OrganizationToken, str]:
    """Create the token of this kind and return it with its secret. The former one ends at once.

    `verified` as in accounts.tokens.issuing.create. Raises InvalidExpiry, OutlivesMaker, NoLongerAllowed,
    OrganizationGone, RateLimited.
    """
    news.reserve_broadcast(organization, actor)
    with acting(actor) as session:
        organization = lock_with_right(organization, actor, Right.TOKENS)
        former = of_kind(organization, kind)
        replaced = former.public_id if former else ""  # record() omits ""
        invited = sent_with(former)
        if former is not None:
            former.delete()
        token = OrganizationToken(organization=organization, kind=kind)
        secret = issue(token, expires_at=expires_at, verified=verified, session=session, actor=actor)
        record(
            Event.TOKEN_CREATED,
            organization,
            actor=actor,
            kind=kind.value,
            made=token.public_id,
            replaced=replaced,
        )
        tell_of_token(
            "organization_token_created",
            token,
            replaced=bool(replaced),
            invitations=invited.in_words,
            actor=actor,
        )
    return token, secret


def revoke(organization: Organization, kind: TokenKind, *, actor: Actor) -> OrganizationToken | None:
    """Revoke the token of this kind at once; return it, or None if there is none.

    No budget refuses it: none must keep anybody from ending a token, and each was counted when it was made.
    """
    with acting(actor, always=True):
        organization = lock_with_right(organization, actor, Right.TOKENS)
        token = of_kind(organization, kind)
        if token is not None:
            token.organization = organization
            invited = sent_with(token)
            end(token, actor=actor)
            tell_of_token("organization_token_ended", token, invitations=invited.in_words, actor=actor)
    return token


def sent_with(token: OrganizationToken | None) -> Listed:
    """Return to whom open invitations were sent with this token: they outlive it."""
    if token is None:
        return NOBODY
    open_ones = token.organization.memberships.invited().current().filter(invited_with_id=token.pk)
    return Listed.of(open_ones.order_by("pk"))


def end(token: OrganizationToken, *, actor: Actor) -> None:
    """Revoke a token and record it. The caller holds the organization's lock, and tells the owners."""
    revoked = token.public_id
    token.delete()
    record(Event.TOKEN_REVOKED, token.organization, actor=actor, kind=str(token.kind), revoked=revoked)


def with_organizations() -> QuerySet[OrganizationToken]:
    return OrganizationToken.objects.select_related("organization")


def tell_owners(token: OrganizationToken) -> None:
    outbox.broadcast(
        "organization_token_expiring",
        audience=OWNERS,
        key=str(token.organization_id),
        organization_name=token.organization.name,
        kind=token.kind,
        expires_on=token.expires_at and token.expires_at.isoformat(),
    )


EXPIRY = expiry.Kind(OrganizationToken, with_organizations, tell_owners)  # type: ignore[arg-type]


def tell_owners_of_exposure(token: OrganizationToken, actor: Actor) -> None:
    record(
        Event.TOKEN_SENT_IN_CLEAR,
        token.organization,
        actor=actor,
        kind=token.kind,
        sent=token.public_id,
    )
    outbox.broadcast(
        "organization_token_sent_in_clear",
        audience=OWNERS,
        key=str(token.organization_id),
        organization_name=token.organization.name,
        kind=token.kind,
        address=actor.ip or "",
    )


EXPOSURE = exposure.Kind(OrganizationToken, tell_owners_of_exposure)  # type: ignore[arg-type]
