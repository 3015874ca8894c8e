"""Two-factor authentication is required from a date on: announced, tried, written down, and never renewed."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from accounts.exceptions import TwoFactorRemovalRefused
from accounts.management import due_work
from accounts.models import ApiToken, AuditEvent, Level, User
from accounts.outbox.delivery import send_due
from accounts.two_factor.removal import disable
from organizations.access.gate import is_locked_out
from organizations.members import memberships
from organizations.models import Membership, Organization
from organizations.policy import schedule, two_factor
from organizations.policy.exceptions import (
    DateOutOfRange,
    NewOwnerNotEnrolled,
    NothingScheduled,
    RequiredAlready,
)
from tests.api.programs import program
from tests.support.doctor import doctor
from tests.support.invariants import broken
from tests.support.organizations import SERVER, lift, membership_of

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def now():
    """It is noon, until a test moves the time; nobody is signed in over that."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def organization(name="open"):
    return Organization.objects.get(name=name)


def set_date(days=30, level=Level.TEXTS, name="open"):
    return schedule.schedule(organization(name), timezone.now() + days * DAY, level=level, actor=SERVER)


def sent():
    """Send what waits, and return (reader, subject) of it."""
    send_due()
    return [(message.to[0].partition("@")[0], message.subject) for message in mail.outbox]


def readers():
    return {reader for reader, _subject in sent()}


def is_closed_to(user, name="open"):
    """Ask the gate, and the query that is the same rule."""
    person = User.objects.get(pk=user.pk)
    person.session_verified = person.is_enrolled
    person.session_method = "app"
    closed = is_locked_out(person, organization(name))
    level = min(person.level, Level.APP if person.session_verified else Level.NONE)
    opened = Membership.objects.active().filter(user=user, organization__name=name).open_to(level)
    assert opened.exists() is not closed
    return closed


def work(traveller, at):
    traveller.move_to(at, tick=False)
    mail.outbox.clear()
    for step in due_work.in_turn().values():  # without the command, which gives its connections back
        step.work()


# --- Set, changed, withdrawn ---


def test_a_date_is_announced_at_once_to_owners_and_to_those_without_it(stage, now):
    mail.outbox.clear()

    set_date()

    assert readers() == {"olga", "una", "mia"}  # not max, who has it
    event = AuditEvent.objects.get(event="organization.two_factor_scheduled")
    assert event.data == {"date": "2027-03-31T12:00:00+00:00"}
    assert not is_closed_to(stage.mia)


def test_a_changed_date_is_announced_anew_and_the_same_is_no_change(stage, now):
    set_date(30)
    sent()
    mail.outbox.clear()
    events = AuditEvent.objects.count()

    set_date(30)
    assert (sent(), AuditEvent.objects.count()) == ([], events)

    set_date(60)
    assert "mia" in readers()
    assert AuditEvent.objects.count() == events + 1


@pytest.mark.parametrize("hours", [-1, 0, 23, 24 * 90 + 1])
def test_a_date_is_1_to_90_days_ahead(stage, now, hours):
    with pytest.raises(DateOutOfRange, match="2 March 2027, 12:00 UTC to 30 May 2027, 12:00 UTC"):
        schedule.schedule(organization(), NOON + timedelta(hours=hours), actor=SERVER)
    assert organization().required_from is None


@pytest.mark.parametrize("days", [1, 90])
def test_both_ends_of_the_range_are_in_it(stage, now, days):
    assert set_date(days).required_from == NOON + days * DAY


def test_withdrawing_tells_those_who_heard_of_it(stage, now):
    set_date()
    sent()
    mail.outbox.clear()

    schedule.withdraw(organization(), actor=SERVER)

    assert readers() == {"olga", "una", "mia"}
    with pytest.raises(NothingScheduled):
        schedule.withdraw(organization(), actor=SERVER)


def test_lifting_withdraws_a_date_for_apps_and_tells_those_who_heard_of_it(stage, now):
    set_date(name="fort", level=Level.APP)
    sent()
    mail.outbox.clear()

    lift(organization("fort"))

    assert organization("fort").required_from is None
    assert AuditEvent.objects.filter(event="organization.two_factor_schedule_withdrawn").count() == 1
    assert "mia" in [reader for reader, subject in sent() if "an authenticator app" in subject]


def test_those_who_need_nothing_more_hear_that_a_date_is_no_longer_for_apps(stage, now):
    Membership.objects.filter(user=stage.mia).update(two_factor_enabled=True, two_factor_level=Level.TEXTS)
    set_date(level=Level.APP)
    assert ("mia", "open requires an authenticator app from 31 March 2027") in sent()
    mail.outbox.clear()

    set_date(level=Level.TEXTS)

    subjects = [subject for reader, subject in sent() if reader == "mia"]
    assert subjects == ["open won't require an authenticator app from 31 March 2027"]


def test_a_date_brings_only_what_is_not_required_now(stage, now):
    with pytest.raises(RequiredAlready):
        set_date(name="fort")

    assert set_date(name="fort", level=Level.APP).scheduled_level == Level.APP


# --- Announced again ---


def test_it_is_announced_7_days_and_1_day_before_each_once(stage, now):
    set_date(30)

    told = []
    for hours in range(0, 29 * 24 + 12, 12):
        work(now, NOON + timedelta(hours=hours))
        if "mia" in readers():
            told.append(hours / 24)

    assert told == [0, 23, 29]


def test_a_clock_that_jumps_over_both_announces_once(stage, now):
    set_date(30)
    sent()

    work(now, NOON + 29.5 * DAY)
    first = len(mail.outbox)
    work(now, NOON + 29.6 * DAY)

    assert (first, mail.outbox) == (3, [])


def test_those_who_have_set_it_up_meanwhile_hear_nothing_more(stage, now):
    set_date(30)
    stage.enrol("mia")

    work(now, NOON + 25 * DAY)

    assert "mia" not in readers()


def test_a_withdrawn_date_sends_nothing_that_was_not_sent(stage, now):
    set_date(30)
    schedule.withdraw(organization(), actor=SERVER)

    assert [reader for reader, _subject in sent()].count("mia") == 1  # that it was withdrawn
    work(now, NOON + 29.5 * DAY)
    assert mail.outbox == []


# --- The date comes ---


def test_d47_it_counts_from_its_moment_before_anything_is_written(stage, now):
    stage.enrol("una")
    set_date(30)

    now.move_to(NOON + 30 * DAY - timedelta(seconds=1), tick=False)
    assert not is_closed_to(stage.mia)
    now.move_to(NOON + 30 * DAY, tick=False)

    assert is_closed_to(stage.mia)
    assert not is_closed_to(stage.max)
    assert organization().is_mandatory
    assert organization().collaborator_auth_policy == "password"


def test_run_due_work_writes_it_down_once_and_tells(stage, now):
    stage.enrol("una")
    set_date(30)

    sent()
    work(now, NOON + 30 * DAY)

    assert ("mia", "open requires two-factor authentication") in sent()
    assert organization().collaborator_auth_policy == "two_factor_mandatory"
    assert organization().required_from is organization().due_at is None
    events = AuditEvent.objects.filter(event="organization.auth_policy_changed", door="schedule")
    assert events.count() == 1
    work(now, NOON + 30 * DAY)
    assert (sent(), events.count()) == ([], 1)
    assert broken() == []


def test_while_an_owner_lacks_it_nobody_is_locked_out_and_it_is_tried_each_hour(stage, now):
    set_date(30)
    sent()
    now.move_to(NOON + 30 * DAY, tick=False)
    assert not is_closed_to(stage.mia)

    work(now, NOON + 30 * DAY)

    assert not is_closed_to(stage.mia)
    assert organization().due_at == NOON + 30 * DAY + timedelta(hours=1)
    assert organization().required_from == NOON + 30 * DAY
    [event] = AuditEvent.objects.filter(event="organization.two_factor_put_off")
    assert event.data == {"owners": "una"}
    assert readers() == {"olga", "una"}

    now.move_to(NOON + 30 * DAY + timedelta(minutes=10), tick=False)
    stage.enrol("una")
    assert not is_closed_to(stage.mia)  # not before the hour
    work(now, NOON + 30 * DAY + timedelta(hours=1))
    assert is_closed_to(stage.mia)


def test_owners_hear_once_a_day_that_it_is_put_off(stage, now):
    set_date(30)
    sent()

    told = []
    for hours in range(30 * 24, 33 * 24, 6):
        work(now, NOON + timedelta(hours=hours))
        told += [hours - 30 * 24] if mail.outbox else []

    assert told == [0, 24, 48]
    assert AuditEvent.objects.filter(event="organization.two_factor_put_off").count() == 3


# --- Once met, it never falls back by itself ---


def due(stage, name="open"):
    """The date of an organization has come and is met; nothing has written that down."""
    stage.enrol("una")
    at = timezone.now().replace(minute=0, second=0, microsecond=0)
    found = Organization.objects.filter(name=name)
    found.update(required_from=at, due_at=at, scheduled_level=Level.TEXTS)
    assert is_closed_to(stage.mia)
    return organization(name)


def test_an_owner_can_not_disable_it(stage):
    due(stage)

    with pytest.raises(TwoFactorRemovalRefused, match="open"):
        disable(User.objects.get(pk=stage.una.pk), reason="x", actor=SERVER)

    assert is_closed_to(stage.mia)


def test_somebody_without_it_can_not_become_an_owner(stage):
    found = due(stage)

    with pytest.raises(NewOwnerNotEnrolled):
        memberships.make_owner(found, membership_of(stage.mia, "open").pk, actor=SERVER)

    assert is_closed_to(stage.mia)


def test_break_glass_writes_it_down_first(stage):
    due(stage)

    disable(User.objects.get(pk=stage.una.pk), reason="lost everything", forced=True, actor=SERVER)

    assert organization().collaborator_auth_policy == "two_factor_mandatory"
    assert is_closed_to(stage.mia)
    assert is_closed_to(stage.una)
    assert broken() == []


def test_it_can_not_be_withdrawn_any_more(stage):
    due(stage)

    with pytest.raises(NothingScheduled):
        schedule.withdraw(organization(), actor=SERVER)

    assert is_closed_to(stage.mia)


def test_lifting_it_leaves_no_date_behind(stage):
    due(stage)

    lift(organization())

    assert not is_closed_to(stage.mia)
    assert organization().required_from is None
    events = AuditEvent.objects.filter(event="organization.auth_policy_changed").exclude(door="command")
    assert events.get().door == "schedule"


def test_requiring_now_makes_a_date_that_brings_no_more_superfluous(stage, now):
    stage.enrol("una")
    set_date(30)

    two_factor.set_auth_policy(organization(), two_factor.AuthPolicy.TWO_FACTOR_MANDATORY, actor=SERVER)

    assert organization().required_from is None


def test_requiring_any_method_now_keeps_a_date_that_brings_more(stage, now):
    stage.enrol("una")
    set_date(30, level=Level.APP)

    two_factor.set_auth_policy(organization(), two_factor.AuthPolicy.TWO_FACTOR_MANDATORY, actor=SERVER)

    assert organization().scheduled_level == Level.APP
    assert organization().required_level == Level.TEXTS


def test_a_personal_token_of_a_member_without_it_is_refused_from_the_moment_on(stage):
    client = program(stage, "mia")
    assert client.get("/organizations/open").status_code == 200

    due(stage)

    assert client.get("/organizations/open").status_code == 403
    assert ApiToken.objects.filter(owner=stage.mia).exists()


def test_doctor_finds_nothing_wrong_with_a_date(stage):
    set_date(90)
    call = doctor()

    assert call[0] == 0, call[1]
