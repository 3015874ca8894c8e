"""Tell how far a list of invitations is, how long it will take, and what is wrong with a row."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from organizations.exceptions import UnknownUser
from organizations.members.invitation_limits import BY_PERSON, young_until
from organizations.models import InvitationBatch, InvitationBatchRow, Organization

INVITATIONS_AN_HOUR = BY_PERSON.windows[0][0]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# By the code of the rule that a row has broken.
PROBLEMS: dict[str, str | Promise] = {
    "unknown-user": UnknownUser.message,
    "already-member": gettext_lazy("Already a member."),
    "rate-limited": gettext_lazy("This person was invited too often."),
}
STOPPED = gettext_lazy("The list was stopped before this person was invited.")
OTHERWISE = gettext_lazy("Something went wrong on our side. Try again.")
# What the page says of a list that was stopped; %(name)s is who stopped it, or for whom it acted.
REASONS: dict[str, Promise] = {
    InvitationBatch.Reason.OWNER: gettext_lazy("%(name)s stopped this list."),
    InvitationBatch.Reason.NO_OWNER: gettext_lazy(
        "This list was stopped because %(name)s, who started it, is no longer an owner."
    ),
    InvitationBatch.Reason.DEACTIVATED: gettext_lazy(
        "This list was stopped because the account of %(name)s, who started it, is deactivated."
    ),
    InvitationBatch.Reason.LOCKED_OUT: gettext_lazy(
        "This list was stopped because %(name)s, who started it, has to set up two-factor authentication."
    ),
}


def problem_of(row: InvitationBatchRow) -> str:
    """Return why this person was not invited; "" for somebody who was, or who waits."""
    if row.state == InvitationBatchRow.State.FAILED:
        return str(PROBLEMS.get(row.problem, OTHERWISE))
    return str(STOPPED) if row.state == InvitationBatchRow.State.STOPPED else ""


def why_stopped(batch: InvitationBatch) -> str:
    """Return a sentence for a list that was stopped, "" for another one."""
    said = REASONS.get(batch.reason)
    return str(said) % {"name": batch.stopped_by or batch.created_by} if said and batch.is_stopped else ""


def lower_limits_until(batch: InvitationBatch, organization: Organization) -> datetime | None:
    """Return until when the lower limits of young organizations and accounts hold; None if they don't."""
    person = User.objects.filter(pk=batch.created_by_id).only("date_joined", "is_staff").first()
    if person is None or person.is_staff:
        return None
    now = timezone.now()
    ends = [young_until(began, now) for began in (organization.created_at, person.date_joined)]
    return max(filter(None, ends), default=None)


def time_left(batch: InvitationBatch, organization: Organization) -> str:
    """Return about how long a list still takes, for example "about 2 hours left"; "" if it has ended."""
    if not batch.is_running:
        return ""
    waits = [batch.held_up_until]
    if waits[0] and batch.left:
        waits.append(lower_limits_until(batch, organization))
    begins = max((time for time in waits if time), default=None)
    wait = begins - timezone.now() if begins else timedelta()
    return in_words(wait + HOUR * (max(0, batch.left - 1) // INVITATIONS_AN_HOUR))


def in_words(left: timedelta) -> str:
    if left <= timedelta(minutes=5):
        return _("a few minutes left")
    if left <= HOUR:
        return _("less than an hour left")
    if left <= 2 * DAY:
        hours = -(-left // HOUR)
        return ngettext("about %(n)s hour left", "about %(n)s hours left", hours) % {"n": hours}
    days = -(-left // DAY)
    return ngettext("about %(n)s day left", "about %(n)s days left", days) % {"n": days}
