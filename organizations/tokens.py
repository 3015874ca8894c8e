"""Create, replace and revoke the tokens of an organization, which belong to no person (D2)."""

from datetime import datetime

from django.db.models import QuerySet

from accounts import outbox
from accounts.audit import Actor
from accounts.models import BearerToken, unexpired
from accounts.sessions.locks import acting
from accounts.tokens import expiry
from accounts.tokens.issuing import issue
from organizations import news
from organizations.access.rights import lock_with_right
from organizations.events import Event, record
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

    `verified` as in accounts.tokens.issuing.create. Raises InvalidExpiry, NoLongerAllowed, OrganizationGone,
    RateLimited.
    """
    news.reserve_broadcast(organization, actor)
    with acting(actor):
        organization = lock_with_right(organization, actor, Right.TOKENS)
        former = of_kind(organization, kind)
        replaced = former.public_id if former else ""  # record() omits ""
        if former is not None:
            former.delete()
        token = OrganizationToken(organization=organization, kind=kind)
        secret = issue(token, expires_at=expires_at, verified=verified, actor=actor)
        record(
            Event.TOKEN_CREATED,
            organization,
            actor=actor,
            kind=kind.value,
            made=token.public_id,
            replaced=replaced,
        )
        outbox.broadcast(
            "organization_token_created",
            audience=OWNERS,
            key=str(organization.pk),
            organization_name=organization.name,
            kind=kind.value,
            replaced=bool(replaced),
            made_by=token.created_by,
            by_owners_token=isinstance(actor.token, OrganizationToken),
        )
    return token, secret


def revoke(organization: Organization, kind: TokenKind, *, actor: Actor) -> OrganizationToken | None:
    """Revoke the token of this kind at once; return it, or None if there is none."""
    with acting(actor):
        organization = lock_with_right(organization, actor, Right.TOKENS)
        token = of_kind(organization, kind)
        if token is not None:
            revoked = token.public_id
            token.delete()
            record(Event.TOKEN_REVOKED, organization, actor=actor, kind=kind.value, revoked=revoked)
    return token


def with_organizations() -> QuerySet[OrganizationToken]:
    return OrganizationToken.objects.select_related("organization")


def tell_owners(token: OrganizationToken) -> None:
    outbox.broadcast(
        "organization_token_expiring",
        audience=OWNERS,
        key=str(token.organization_id),
        organization_name=token.organization.name,
        kind=token.kind,
        expires_on=token.expires_at and token.expires_at.date().isoformat(),
    )


EXPIRY = expiry.Kind(OrganizationToken, with_organizations, tell_owners)  # type: ignore[arg-type]
