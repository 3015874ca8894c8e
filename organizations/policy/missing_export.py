"""Export who has not set up what is or would be required: recorded first, then streamed."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy

from accounts import limits
from accounts.audit import Actor
from accounts.database.reading import read_in_batches
from accounts.limits import Budget, Told
from accounts.models import ANY_METHOD, Level
from accounts.models.levels import NAMES_IN_FILES
from accounts.sessions.locks import acting
from accounts.web.downloads import csv_lines
from organizations.access.rights import lock_with_right
from organizations.events import Event, record
from organizations.models import Organization
from organizations.policy import reminders
from organizations.policy.rehearsal import locked_out_by

COLUMNS = ("username", "email", "role", "two_factor", "last_reminded_at", "joined_at")
# Each reads all members.
EXPORTS = Budget(
    "organization:missing",
    (30, 3600),
    (100, 86_400),
    told=Told(
        gettext_lazy("You have downloaded this list too often."),
        gettext_lazy("You can still read it on this page. Another owner can download it at once."),
    ),
)


def export(organization: Organization, level: Level, *, actor: Actor) -> Iterator[str]:
    """Record an export of the members below this level, and return the lines of the CSV file.

    Raises RateLimited, NoLongerAllowed, OrganizationGone, SessionEnded.
    """
    limits.reserve((EXPORTS, f"{organization.pk}:{actor.source}"))
    with acting(actor):
        organization = lock_with_right(organization, actor)
        texts = level <= ANY_METHOD
        record(Event.MISSING_EXPORTED, organization, actor=actor, format="csv", texts=texts)
    return csv_lines(COLUMNS, rows_of(organization, level))


def rows_of(organization: Organization, level: Level) -> Iterator[tuple[object, ...]]:
    members = locked_out_by(organization, level).prefetch_related("user")
    for member in read_in_batches(members, by="username_key"):
        yield (
            member.username,
            member.user.email,
            "owner" if member.is_owner else "member",
            NAMES_IN_FILES[Level(member.level)],
            reminders.last_reminded(organization, member),
            member.joined_at,
        )
