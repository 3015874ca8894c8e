"""Export the evidence of an organization, signed (docs/decisions/0029).

Two events record an export: one that it began, because rows leave from then on, and one with the digest,
before the signature leaves. So no signed file is without its event, whatever breaks off.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts import limits
from accounts.audit import Actor
from accounts.evidence import keys
from accounts.evidence.statements import VERSION, Statement, key_id, public_bytes, sign
from accounts.limits import Budget, Told
from accounts.models.public_ids import public_id
from accounts.sessions.locks import acting
from organizations.access.rights import lock_with_right
from organizations.events import Event, record
from organizations.evidence.files import FILES, in_utc
from organizations.evidence.stays import stays_of
from organizations.exceptions import OrganizationGone
from organizations.models import Organization

# Each reads all members.
EXPORTS = Budget(
    "organization:evidence",
    (30, 3600),
    (100, 86_400),
    told=Told(
        gettext_lazy("You have exported evidence too often."),
        gettext_lazy("Another owner can export it at once."),
    ),
)
BLOCK = 64 * 1024  # characters that are sent at once


@dataclass(frozen=True)
class Export:
    """An export that has begun: who made it, and the moment that it shows."""

    organization: Organization
    form: str
    at: datetime
    key: Ed25519PrivateKey
    actor: Actor

    @property
    def exported_by(self) -> str:
        return self.actor.user.username if self.actor.user else ""

    @property
    def name(self) -> str:
        """Return the name of the file, which needs no quoting, as no organization's name does."""
        return f"{self.organization.name}-two-factor-{self.at:%Y-%m-%d}.{self.form}"

    def head(self) -> dict[str, str]:
        """Return what stands at the top of a JSON file, and in the statement that is signed."""
        return {
            "site": settings.SITE_URL,
            "organization": self.organization.name,
            "organization_id": public_id("org", self.organization.pk),
            "taken_at": in_utc(self.at) or "",
            "exported_by": self.exported_by,
            "format": self.form,
        }

    def blocks(self) -> Iterator[bytes]:
        """Yield the file. Its end, with the signature, comes after its event is committed.

        Raises OrganizationGone in place of the end if the organization was deleted meanwhile: the rest of its
        rows was not there to be read.
        """
        file, digest = FILES[self.form](stays_of(self.organization, self.at), self.head()), hashlib.sha256()
        for block in joined(file):
            digest.update(block)
            yield block
        statement = Statement(
            version=VERSION,
            rows=file.rows,
            sha256=digest.hexdigest(),
            key=key_id(public_bytes(self.key)),
            **self.head(),
        )
        with transaction.atomic():
            if not Organization.objects.filter(pk=self.organization.pk).exists():
                raise OrganizationGone
            record(
                Event.EVIDENCE_EXPORTED,
                self.organization,
                actor=self.actor,
                format=statement.format,
                rows=statement.rows,
                sha256=statement.sha256,
                key=statement.key,
                taken_at=statement.taken_at,
            )
        yield sign(statement, self.key)


def joined(lines: Iterable[str]) -> Iterator[bytes]:
    """Yield lines some at a time: a server sends each piece by itself."""
    waiting: list[str] = []
    size = 0
    for line in lines:
        waiting.append(line)
        size += len(line)
        if size >= BLOCK:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    yield "".join(waiting).encode()


def begin_export(organization: Organization, form: str, *, actor: Actor) -> Export:
    """Begin an export as "csv" or "json": record it, and return what is to be sent.

    Raises NoLongerAllowed, OrganizationGone, SessionEnded, RateLimited.
    """
    limits.reserve((EXPORTS, f"{actor.responsible_id}:{actor.source}"))
    with acting(actor):
        organization = lock_with_right(organization, actor)
        record(Event.EVIDENCE_STARTED, organization, actor=actor, format=form)
        return Export(organization, form, timezone.now(), keys.use_current(), actor)
