"""Owners set, change and withdraw a date while others act, and a date comes while people ask and act."""

import threading
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from accounts.models import AuditEvent, Level
from organizations.models import AuthPolicy, Membership, Organization
from organizations.policy import schedule
from tests.api.clients import document, token_of
from tests.races.states import DISABLE
from tests.support.organizations import enrolled, found, membership_of
from tests.support.parallel import called, fire, sign_in, write_down
from tests.support.people import PASSWORD, make_user

EVENTS = "organization.two_factor_scheduled", "organization.two_factor_schedule_withdrawn"


def patch(site, user, name, **sent):
    return called(
        site, "PATCH", f"/organizations/{name}", token_of(user), document("organizations", name, **sent)
    )


def in_days(number):
    at = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=number)
    return at.isoformat()


def due_now(organization, level=Level.TEXTS):
    at = timezone.now().replace(minute=0, second=0, microsecond=0)
    rows = Organization.objects.filter(pk=organization.pk)
    rows.update(required_from=at, due_at=at, scheduled_level=level)


def meanwhile(work):
    """Do a step of `run_due_work` at the same time, on a connection of its own."""

    def run():
        try:
            for _ in range(5):
                work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_dates_policies_and_withdrawals_of_two_owners_leave_a_whole_state(live_site, rounds):
    for number in rounds():
        people = [make_user(f"{name}{number}") for name in ["alice", "bob"]]
        for user in people:
            enrolled(user)
        name = f"acme{number}"
        organization = found(name, people[0], owners=people[1:], members=[make_user(f"carol{number}")])

        raws = []
        for user in people:
            raws += [
                patch(live_site, user, name, two_factor_required_from=in_days(20)),
                patch(live_site, user, name, two_factor_required_from=in_days(30)),
                patch(live_site, user, name, two_factor_required_from=None),
                patch(live_site, user, name, collaborator_auth_policy="two_factor_mandatory"),
                patch(live_site, user, name, collaborator_auth_policy="password"),
            ]
        fire(live_site, raws)

        after = Organization.objects.get(pk=organization.pk)
        last = (
            AuditEvent.objects.filter(event__in=EVENTS, subject=f"organization:{name}").order_by("pk").last()
        )
        if after.required_from is not None:
            assert last.event == EVENTS[0]
            assert last.data["date"] == after.required_from.isoformat()
            assert after.due_at == after.required_from
        policies = rounds.events("organization.auth_policy_changed").filter(subject=f"organization:{name}")
        if last_policy := policies.last():
            assert last_policy.data["policy"] == after.collaborator_auth_policy


def test_d47_a_date_that_has_come_never_falls_back(live_site, rounds):
    """Owners disable it and withdraw it, somebody without it is made an owner; and it is written down."""
    for number in rounds():
        alice, bob, carol = (make_user(f"{name}{number}") for name in ["alice", "bob", "carol"])
        apps = {user: enrolled(user) for user in (alice, bob)}
        name = f"acme{number}"
        organization = found(name, alice, owners=[bob], members=[carol])
        owners = [sign_in(live_site, user, apps[user]) for user in (alice, bob)]
        make = f"/app/{name}/settings/users/{membership_of(carol, name).pk}/make-owner"
        due_now(organization)
        assert Organization.objects.get(pk=organization.pk).required_level == Level.TEXTS

        step = meanwhile(schedule.take_effect) if number % 2 else None
        raws = []
        for visitor, user in zip(owners, (alice, bob), strict=True):
            raws += [
                write_down(visitor, make),
                write_down(visitor, DISABLE, password=PASSWORD),
                patch(live_site, user, name, two_factor_required_from=None),
            ]
        fire(live_site, raws * 2)
        if step:
            step.join()

        after = Organization.objects.get(pk=organization.pk)
        assert after.required_level == Level.TEXTS
        assert not Membership.objects.owners().filter(organization=organization, level=Level.NONE).exists()


def test_a_date_that_comes_while_its_last_owner_sets_it_up_is_written_or_put_off(live_site, rounds):
    for number in rounds():
        alice, bob = (make_user(f"{name}{number}") for name in ["alice", "bob"])
        name = f"acme{number}"
        organization = found(name, alice, members=[bob])
        due_now(organization)

        step = meanwhile(schedule.take_effect)
        enrolled(alice)
        step.join()

        after = Organization.objects.get(pk=organization.pk)
        written = after.collaborator_auth_policy == AuthPolicy.TWO_FACTOR_MANDATORY
        assert written == (after.required_from is None)
        assert written or after.due_at > timezone.now()
        policies = AuditEvent.objects.filter(
            event="organization.auth_policy_changed", subject=f"organization:{name}"
        )
        assert policies.count() == written


def test_two_processes_write_a_date_down_once(live_site, rounds):
    for number in rounds():
        alice = make_user(f"alice{number}")
        enrolled(alice)
        organization = found(f"acme{number}", alice, members=[make_user(f"bob{number}")])
        due_now(organization)

        steps = [meanwhile(schedule.take_effect) for _ in range(3)]
        for step in steps:
            step.join()

        events = rounds.events("organization.auth_policy_changed")
        assert events.filter(subject=f"organization:{organization.name}").count() == 1
