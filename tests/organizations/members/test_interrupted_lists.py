"""Work on a list that is broken at each of its writes: each person is invited once, nobody is forgotten."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from accounts.management import due_work
from accounts.management.doctor import checks
from accounts.models import AuditEvent, OutboxMessage, User
from organizations.models import InvitationBatch, Membership, Organization
from tests.support.database import empty_tables
from tests.support.faults import fault_at
from tests.support.invariants import broken
from tests.support.organizations import found
from tests.support.people import make_user, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

LISTS = "/app/acme/settings/users/invite/batches"
MOST_WRITES = 80
# Two who are invited, and one who can't be, after the first portion.
PEOPLE = [*(f"p{number}@example.org" for number in range(22)), "nobody"]


def work():
    return due_work.steps["invitations of lists sent"].work()


def started():
    """A list of an owner who may invite 500 people an hour; the first 20 are invited."""
    empty_tables()
    alice = make_user("alice")
    found("acme", alice)
    then = timezone.now() - timedelta(days=2)
    User.objects.update(date_joined=then)
    Organization.objects.update(created_at=then)
    rows = "\n".join(f"{number}\t{who}" for number, who in enumerate(PEOPLE, start=1))
    assert sign_in(alice).post(LISTS, {"people": rows, "key": "a" * 32}).status_code == 302
    return InvitationBatch.objects.get()


def invited():
    events = AuditEvent.objects.filter(event="organization.member_invited", data__has_key="email")
    return sorted(event.data["email"] for event in events)


def check(batch):
    """What is marked was sent, and what was sent is marked, each with its event and its mail."""
    batch.refresh_from_db()
    sent = sorted(batch.rows.filter(state="sent").values_list("who", flat=True))
    assert sent == invited() == sorted(Membership.objects.invited().values_list("email", flat=True))
    assert batch.sent == len(sent)
    assert [*checks["lists of invitations"].find(), *broken()] == []


def test_f23_a_list_that_is_broken_at_any_write_goes_on_where_it_was():
    for number in range(1, MOST_WRITES):
        batch = started()
        mails = OutboxMessage.objects.count()

        with fault_at(number) as fault:
            try:
                work()
            except OperationalError:
                assert fault.struck
        check(batch)
        work()

        check(batch)
        assert (batch.state, batch.sent, batch.failed) == ("done", 22, 1), fault.statement
        assert OutboxMessage.objects.count() - mails == 2
        if not fault.struck:
            assert number > 10
            return
    pytest.fail(f"more than {MOST_WRITES} writes")


def test_f23_the_end_of_a_list_is_whole_at_any_write():
    """It stops for a person who is no longer an owner, and is deleted later."""
    for number in range(1, MOST_WRITES):
        batch = started()
        Membership.objects.filter(user__username="alice").update(is_owner=False)

        with fault_at(number) as fault:
            try:
                work()
            except OperationalError:
                assert fault.struck
        batch.refresh_from_db()
        stopped = AuditEvent.objects.filter(event="organization.invitations_stopped").count()
        waiting = batch.rows.filter(state="waiting").count()
        assert (batch.state, stopped, waiting) in [("running", 0, 3), ("stopped", 1, 0)], fault.statement
        work()
        batch.refresh_from_db()
        assert (batch.state, batch.reason) == ("stopped", "no-owner")
        if not fault.struck:
            return
    pytest.fail(f"more than {MOST_WRITES} writes")
