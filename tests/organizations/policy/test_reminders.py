"""Owners remind members to set up two-factor: one of them or all, once in 24 hours each."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from accounts.models import AuditEvent, Level
from accounts.outbox.delivery import send_due
from organizations.exceptions import MembershipGone, NoLongerAllowed
from organizations.models import Organization
from organizations.policy import reminders
from organizations.policy.exceptions import NothingMissing, RemindedAlready
from organizations.policy.progress import DAYS_SHOWN, delete_old_days, progress_of
from tests.support.organizations import SERVER, membership_of

DAY = timedelta(days=1)


@pytest.fixture
def now():
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


def organization():
    return Organization.objects.get(name="open")


def remind(user):
    return reminders.remind(organization(), membership_of(user, "open").pk, actor=SERVER)


def told():
    """Send what waits, and return who got a mail since the last time."""
    send_due()
    found = sorted(message.to[0].partition("@")[0] for message in mail.outbox)
    mail.outbox.clear()
    return found


@pytest.fixture(autouse=True)
def nothing_waits(stage):
    send_due()
    mail.outbox.clear()


def test_one_member_is_reminded_once_in_24_hours(stage, now):
    remind(stage.mia)
    assert told() == ["mia"]

    now.shift(DAY - timedelta(seconds=1))
    with pytest.raises(RemindedAlready, match="mia"):
        remind(stage.mia)
    assert told() == []

    now.shift(timedelta(seconds=1))
    remind(stage.mia)
    assert told() == ["mia"]
    assert AuditEvent.objects.filter(event="organization.member_reminded", user_id=stage.mia.pk).count() == 2


def test_all_are_reminded_but_those_who_were_reminded_within_a_day(stage, now):
    remind(stage.una)
    told()
    now.shift(timedelta(hours=1))

    assert reminders.remind_all(organization(), actor=SERVER) == 2
    assert told() == ["mia"]
    with pytest.raises(RemindedAlready, match="everybody"):
        reminders.remind_all(organization(), actor=SERVER)
    with pytest.raises(RemindedAlready, match="mia"):
        remind(stage.mia)

    now.shift(DAY)
    reminders.remind_all(organization(), actor=SERVER)
    assert told() == ["mia", "una"]


def test_the_time_of_the_last_reminder_is_known_alone_or_with_all(stage, now):
    mia = membership_of(stage.mia, "open")
    assert reminders.last_reminded(organization(), mia) is None

    reminders.remind_all(organization(), actor=SERVER)

    assert reminders.last_reminded(organization(), mia) == timezone.now()


def test_those_who_have_it_and_those_who_are_invited_are_not_reminded(stage):
    with pytest.raises(NothingMissing):
        remind(stage.max)
    with pytest.raises(MembershipGone):
        reminders.remind(organization(), 2**62, actor=SERVER)
    stage.enrol("mia")
    stage.enrol("una")
    with pytest.raises(NothingMissing):
        reminders.remind_all(organization(), actor=SERVER)
    assert told() == []


def test_members_remind_nobody(stage):
    with pytest.raises(NoLongerAllowed):
        reminders.remind_all(organization(), actor=at_a_page(stage.max))


def at_a_page(user):
    return type(SERVER)(user=user, ip="203.0.113.7", user_agent="", door="html")


def test_a_time_of_a_wrong_clock_keeps_nobody_from_reminding(stage, now):
    Organization.objects.filter(name="open").update(all_reminded_at=timezone.now() + 300 * DAY)

    reminders.remind_all(organization(), actor=SERVER)

    assert told() == ["mia", "una"]


def test_what_is_demanded_is_the_policy_the_date_or_the_next_policy(stage):
    found = organization()
    assert reminders.demanded_level(found) == Level.TEXTS

    found.scheduled_level = Level.APP

    assert reminders.demanded_level(found) == Level.APP


# --- Progress ---


def test_progress_since_monday_and_day_by_day(stage):
    monday = datetime(2027, 3, 1, 9, tzinfo=UTC)
    with time_machine.travel(monday - 3 * DAY, tick=False) as traveller:
        stage.enrol("una")  # on Friday
        traveller.move_to(monday + DAY, tick=False)
        stage.enrol("mia")  # on Tuesday
        traveller.move_to(monday + 2 * DAY, tick=False)

        found = progress_of(organization())

    assert (found.members, found.ready, found.missing, found.since_monday) == (4, 4, 0, 1)
    assert [point.ready for point in found.points][-6:] == [3, 3, 3, 3, 4, 4]
    assert len(found.points) <= DAYS_SHOWN


def test_nothing_is_said_of_a_monday_that_nobody_knows(stage):
    assert progress_of(organization()).points[-1].members == 4
    organization().days.all().delete()

    found = progress_of(organization())

    assert (found.since_monday, found.points) == (None, [])


def test_old_days_are_deleted_and_those_that_are_shown_are_not(stage):
    with time_machine.travel(timezone.now() + 401 * DAY, tick=False):
        assert delete_old_days() >= 1
    assert organization().days.count() == 0
