"""What owners and `run_due_work` do about what an organization requires, as scenes: see operations.py."""

from datetime import timedelta
from types import SimpleNamespace

from django.db import Error, transaction
from django.utils import timezone

from accounts import factors
from accounts.factors.totp.models import TOTPDevice
from accounts.models import Level, User
from accounts.two_factor import levels
from organizations.models import AuthPolicy, Membership, Organization, TwoFactorPeriod
from organizations.policy import mirror, reminders, schedule
from tests.api.clients import api_client, document
from tests.support import people
from tests.support.operations import Scene, browser_of, enrolled_somebody, serial, somebody
from tests.support.organizations import SERVER, found


def acme(owner, *members):
    return found(f"acme{next(serial)}", owner, members=members)


def of_step(work):
    """Do a step of `run_due_work` or a verb, with the answer that a page would give."""

    def act():
        try:
            work()
        except Error:
            return SimpleNamespace(status_code=503)
        return SimpleNamespace(status_code=200)

    return act


def set_a_date():
    user, member = somebody(), somebody()
    organization = acme(user, member)
    program = api_client(user, raise_request_exception=False)
    at = (timezone.now() + timedelta(days=30)).isoformat()
    sent = {"two-factor-required-from": at, "two-factor-required-from-methods": "application"}
    dated = Organization.objects.filter(pk=organization.pk, scheduled_level=Level.APP)
    return Scene(
        user,
        lambda: program.patch(f"/organizations/{organization.name}", document("organizations", **sent)),
        dated.exclude(due_at=None).exists,
        "organization.two_factor_scheduled",
    )


def dated(days, owner, *members):
    organization = acme(owner, *members)
    at = timezone.now() + timedelta(days=20)
    schedule.schedule(organization, at, actor=SERVER)
    at = (timezone.now() + timedelta(days=days)).replace(minute=0, second=0, microsecond=0)
    Organization.objects.filter(pk=organization.pk).update(required_from=at, due_at=at)
    return Organization.objects.filter(pk=organization.pk)


def withdraw_a_date():
    user = somebody()
    found_again = dated(20, user, somebody())
    return Scene(
        user,
        of_step(lambda: schedule.withdraw(found_again.get(), actor=SERVER)),
        found_again.filter(required_from=None, due_at=None, scheduled_level=None).exists,
        "organization.two_factor_schedule_withdrawn",
    )


def announce_a_date():
    """It is recorded by the column alone: each announcement was decided when the date was set."""
    user = somebody()
    found_again = dated(5, user, somebody())
    return Scene(
        user,
        of_step(schedule.announce_again),
        found_again.filter(schedule_told=7).exists,
        "organization.two_factor_scheduled",
        events=0,
    )


def a_date_comes():
    user, _app = enrolled_somebody()
    found_again = dated(-1, user, somebody())
    return Scene(
        user,
        of_step(schedule.take_effect),
        found_again.filter(collaborator_auth_policy=AuthPolicy.TWO_FACTOR_MANDATORY, due_at=None).exists,
        "organization.auth_policy_changed",
    )


def a_date_is_put_off():
    user = somebody()
    found_again = dated(-1, user, somebody())
    return Scene(
        user,
        of_step(schedule.take_effect),
        found_again.filter(due_at__gt=timezone.now(), put_off_told_at__isnull=False).exists,
        "organization.two_factor_put_off",
    )


def remind_one():
    user, member = somebody(), somebody()
    organization = acme(user, member)
    row = Membership.objects.filter(user=member)
    return Scene(
        user,
        of_step(lambda: reminders.remind(organization, row.get().pk, actor=SERVER)),
        row.exclude(reminded_at=None).exists,
        "organization.member_reminded",
    )


def remind_all():
    user = somebody()
    organization = acme(user, somebody())
    return Scene(
        user,
        of_step(lambda: reminders.remind_all(organization, actor=SERVER)),
        Organization.objects.filter(pk=organization.pk).exclude(all_reminded_at=None).exists,
        "organization.members_reminded",
    )


def add_a_phone(user, number):
    """Add a second method behind the pages, which are slow."""
    sms = factors.get("sms")
    with transaction.atomic():
        assert sms.confirm(user, sms.begin_enrolment(user, phone_number=number))


def remove_the_application():
    """The level falls, and with it the copies, the counts and the periods."""
    user, app = enrolled_somebody()
    acme(somebody(), user)
    add_a_phone(user, f"+1202555{1000 + next(serial) % 9000}")
    client = browser_of(user, app)
    return Scene(
        user,
        lambda: client.post(f"{people.TWO_FACTOR}/app/remove"),
        lambda: not TOTPDevice.objects.filter(user=user).exists(),
        "two_factor.removed",
    )


def find_a_level():
    """What a former release has set up is looked at: nothing of it is an event."""
    user, _app = enrolled_somebody()
    acme(somebody(), user)
    User.objects.filter(pk=user.pk).update(two_factor_level=None)
    Membership.objects.filter(user=user).update(two_factor_level=None)
    TwoFactorPeriod.objects.filter(user_id=user.pk).delete()
    return Scene(
        user,
        of_step(lambda: (levels.backfill_levels(), mirror.backfill_copies())),
        lambda: TwoFactorPeriod.objects.filter(user_id=user.pk, level=Level.APP).exists(),
        "two_factor.enabled",
        events=0,
    )


OPERATIONS = [
    set_a_date,
    withdraw_a_date,
    announce_a_date,
    a_date_comes,
    a_date_is_put_off,
    remind_one,
    remind_all,
    remove_the_application,
]
