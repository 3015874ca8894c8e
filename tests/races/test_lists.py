"""Lists of people who are invited: several processes at once, a stop in between, and one that is killed."""

import subprocess
import sys
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.management.doctor import checks
from accounts.models import AuditEvent, User
from organizations.models import InvitationBatch, InvitationBatchRow, Membership, Organization
from tests.support import environment
from tests.support.invariants import broken
from tests.support.organizations import found
from tests.support.parallel import fire, post, sign_in, write_down
from tests.support.people import make_user
from tests.support.servers import parse_mails
from tests.support.waiting import wait_until

LISTS = "/app/acme/settings/users/invite/batches"
PEOPLE = 120


@pytest.fixture
def owners(live_site):
    """The browsers of two owners of acme, all older than a day."""
    people = [make_user("alice"), make_user("carol")]
    found("acme", people[0], owners=people[1:])
    then = timezone.now() - timedelta(days=2)
    User.objects.update(date_joined=then)
    Organization.objects.update(created_at=then)
    return [sign_in(live_site, user) for user in people]


def rows(number=PEOPLE):
    return "\n".join(f"{each}\tp{each}@example.org" for each in range(1, number + 1))


def start(owner, key="a" * 32):
    """Return the list, of which the first portion is sent."""
    assert post(owner, LISTS, people=rows(), key=key).status == 302
    return InvitationBatch.objects.get(key=key)


def invited():
    """Whom events say were invited, one for each invitation that was written."""
    events = AuditEvent.objects.filter(event="organization.member_invited", data__has_key="email")
    return sorted(event.data["email"] for event in events)


def work(directory):
    """Start `manage.py run_due_work` as a process of its own."""
    command = [sys.executable, str(environment.ROOT / "manage.py"), "run_due_work"]
    variables = {
        "DATABASE_URL": environment.test_database_url(),
        "EMAIL_URL": f"filemail:///{directory}",
    }
    return subprocess.Popen(command, env=environment.environment | variables)


def mailed(directory):
    return sorted(mail["To"] for path in directory.glob("*.log") for mail in parse_mails(path))


def check(batch, sent=PEOPLE):
    """Each row that says so was sent once, and no other."""
    batch.refresh_from_db()
    done = InvitationBatchRow.objects.filter(batch=batch, state="sent").values_list("who", flat=True)
    assert batch.sent == len(done) == sent
    assert invited() == sorted(done)
    assert Membership.objects.invited().count() == sent
    assert [*checks["lists of invitations"].find(), *broken()] == []


def test_f14_three_processes_at_once_invite_each_person_once(owners, tmp_path):
    batch = start(owners[0])

    runs = [work(tmp_path) for _ in range(3)]
    assert [run.wait(60) for run in runs] == [0, 0, 0]
    assert work(tmp_path).wait(60) == 0

    check(batch)
    assert batch.state == "done"
    sent = [to for to in mailed(tmp_path) if to.endswith("@example.org")]
    assert len(sent) == len(set(sent))


def test_f14_who_presses_twenty_times_starts_one_list(live_site, owners):
    fire(live_site, [write_down(owners[0], LISTS, people=rows(3), key="b" * 32)] * 20)

    check(InvitationBatch.objects.get(), sent=3)


def test_f14_a_list_that_was_stopped_invites_nobody_else(live_site, owners, tmp_path):
    batch = start(owners[0])
    run = work(tmp_path)
    wait_until(lambda: InvitationBatch.objects.get(pk=batch.pk).sent > 30)

    assert post(owners[1], f"{LISTS}/{batch.pk}/stop").status == 302
    at_the_stop = InvitationBatch.objects.get(pk=batch.pk).sent

    assert run.wait(60) == 0
    check(batch, sent=at_the_stop)
    assert batch.state == "stopped"
    assert InvitationBatchRow.objects.filter(batch=batch, state="stopped").count() == PEOPLE - at_the_stop


def test_f14_a_process_that_is_killed_leaves_each_row_whole_and_another_goes_on(owners, tmp_path):
    batch = start(owners[0])
    run = work(tmp_path)
    wait_until(lambda: InvitationBatch.objects.get(pk=batch.pk).sent > 30)
    run.kill()
    run.wait(60)

    check(batch, sent=InvitationBatch.objects.get(pk=batch.pk).sent)
    InvitationBatch.objects.update(leased_until=None)  # stands for waiting two minutes
    assert work(tmp_path).wait(60) == 0

    check(batch)
    assert batch.state == "done"


def test_f8_starting_stopping_and_trying_again_wait_in_no_circle(live_site, rounds, owners, tmp_path):
    first, second = owners
    for number in rounds(3):
        batch = start(first, f"{number:032x}")
        run = work(tmp_path)

        actions = [write_down(owner, f"{LISTS}/{batch.pk}/{verb}") for owner in owners for verb in VERBS]
        fire(live_site, actions * 3)

        assert run.wait(60) == 0
        assert [*checks["lists of invitations"].find()] == []
        post(second, f"{LISTS}/{batch.pk}/stop")


VERBS = ["stop", "try-again"]
