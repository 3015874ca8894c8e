"""Lists of people who are invited: who starts how many, who and what stops them, and what is left of them."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.management import due_work
from accounts.management.doctor import checks
from accounts.models import User
from organizations.models import InvitationBatch, InvitationBatchRow, Membership, Organization
from tests.organizations.members.lists import (
    LISTS,
    USERS,
    addresses,
    check,
    events,
    numbers,
    old,
    press,
    start,
    text,
    work,
)
from tests.support import people
from tests.support.invariants import broken
from tests.support.organizations import membership_of

__all__ = ["old"]


def test_a_list_is_stopped_and_goes_on(old):
    batch = start(old, addresses(50))

    response = old.browser("olga").post(f"{LISTS}/{batch.pk}/stop")

    assert response["Location"] == f"{LISTS}/{batch.pk}"
    assert numbers(batch) == ("stopped", 20, 0, 50)
    assert work() == 0
    page = text(old, batch)
    assert "20 of 50 sent" in page
    assert "olga stopped this list." in page
    assert "The list was stopped before this person was invited." in page
    [event] = events("organization.invitations_stopped")
    assert (event.actor, event.data["people"], event.data["reason"]) == ("user:olga", 30, "owner")
    assert (
        "30 people weren&#x27;t invited" in old.browser("una").get("/app/settings/activity").content.decode()
    )

    old.browser("olga").post(f"{LISTS}/{batch.pk}/stop")  # twice is once
    assert len(events("organization.invitations_stopped")) == 1
    old.browser("olga").post(f"{LISTS}/{batch.pk}/try-again")
    work()
    assert numbers(batch) == ("done", 50, 0, 50)
    assert Membership.objects.get(email="p49@example.org").invited_by == "olga"
    assert broken() == []


def demote(stage):
    page = f"{USERS}/{membership_of(stage.una, 'open').pk}/unmake-owner"
    stage.browser("olga").post(page, {"shown": "invitations"})


def remove(stage):
    page = f"{USERS}/{membership_of(stage.una, 'open').pk}/remove"
    stage.browser("olga").post(page, {"shown": "invitations"})


def leave(stage):
    stage.browser("una").post("/app/open/leave")


def delete_account(stage):
    fields = {"password": people.PASSWORD, "username": "una"}
    stage.browser("una").post("/app/settings/profile/delete", fields)


@pytest.mark.parametrize("lose", [demote, remove, leave, delete_account])
def test_a_list_stops_when_its_person_is_no_longer_an_owner(old, lose):
    batch = start(old, addresses(50))

    lose(old)

    assert not Membership.objects.owners().filter(organization__name="open", user__username="una").exists()
    assert numbers(batch) == ("stopped", 20, 0, 50)
    assert "because una, who started it, is no longer an owner" in text(old, batch, by="olga")
    assert work() == 0
    assert broken() == []


def test_a_list_stops_when_its_person_is_deactivated_also_while_it_waits(old):
    batch = start(old, addresses(50))
    InvitationBatch.objects.update(paused_until=timezone.now() + timedelta(minutes=50))
    User.objects.filter(pk=old.una.pk).update(is_active=False)

    assert work() == 0

    assert numbers(batch) == ("stopped", 20, 0, 50)
    assert "the account of una, who started it, is deactivated" in text(old, batch, by="olga")
    [event] = events("organization.invitations_stopped")
    assert (event.actor, event.data["reason"]) == ("background", "deactivated")


def test_a_list_stops_when_the_policy_locks_its_person_out(old):
    batch = start(old, addresses(50))
    Organization.objects.filter(name="open").update(collaborator_auth_policy="two_factor_mandatory")

    work()

    assert numbers(batch) == ("stopped", 20, 0, 50)
    assert batch.reason == "locked-out"


def test_who_presses_twice_starts_one_list(stage):
    page = check(stage, addresses(3))

    first, second = press(stage, page), press(stage, page)

    assert first["Location"] == second["Location"]
    assert InvitationBatch.objects.count() == 1
    assert Membership.objects.invited().count() == 3


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"people": "1\ta@example.org"},
        {"people": "1\ta@example.org", "key": "x" * 32},
        {"people": "", "key": "a" * 32},
        {"people": "a@example.org", "key": "a" * 32},
        {"people": "x\ta@example.org", "key": "a" * 32},
        {"people": "1\tnot an address", "key": "a" * 32},
        {"people": "1\ta\0@example.org", "key": "a" * 32},
        {"people": "99999999999999999999\ta@example.org", "key": "a" * 32},
        {"people": "1\ta@example.org\n" * 10_001, "key": "a" * 32},
    ],
    ids=str,
)
def test_a_list_that_no_page_has_written_is_refused(stage, sent):
    response = stage.browser("una").post(LISTS, {name: str(value)[:900_000] for name, value in sent.items()})

    assert response.status_code == 422
    assert not InvitationBatch.objects.exists()
    assert response.context["many"].errors


def test_an_organization_runs_five_lists_at_once(old):
    for number in range(5):
        start(old, addresses(30, f"list{number}.example"))

    response = press(old, check(old, addresses(3)))

    assert response.status_code == 422
    assert "open has 5 lists that aren" in response.content.decode()


def test_lists_of_one_person_share_the_limits_in_turn(old):
    first, second = (start(old, addresses(300, f"list{number}.example")) for number in range(2))

    work()

    assert numbers(first)[1] + numbers(second)[1] == 500
    assert abs(first.sent - second.sent) <= 20


def test_lists_belong_to_their_organization(stage):
    batch = start(stage, addresses(2))
    elsewhere = f"/app/fort/settings/users/invite/batches/{batch.pk}"

    for path in ("", "/not-invited"):
        assert stage.browser("oscar").get(f"{elsewhere}{path}").status_code == 404
    for path in ("/stop", "/try-again"):
        assert stage.browser("oscar").post(f"{elsewhere}{path}").status_code == 404
    for pk in (0, 10**30):
        assert stage.browser("una").get(f"{LISTS}/{pk}").status_code == 404
        assert stage.browser("una").post(f"{LISTS}/{pk}/stop").status_code == 404


def test_there_is_nothing_to_try_again_in_a_list_that_runs_or_is_done(old):
    batch = start(old, addresses(30))
    for _ in range(2):
        response = old.browser("una").post(f"{LISTS}/{batch.pk}/try-again")
        assert response.status_code == 422
        work()
    assert numbers(batch) == ("done", 30, 0, 30)


def test_ended_lists_are_deleted_after_thirty_days(old):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        ended, running = start(old, addresses(2)), start(old, addresses(600, "other.example"))
        delete = due_work.steps["ended lists of invitations deleted"].work
        clock.shift(timedelta(days=29))
        assert delete() == 0
        clock.shift(timedelta(days=2))
        assert delete() == 1
    assert [batch.pk for batch in InvitationBatch.objects.all()] == [running.pk]
    assert not InvitationBatchRow.objects.filter(batch=ended.pk).exists()


def test_an_organization_is_deleted_with_its_lists(old):
    start(old, addresses(50))

    response = old.browser("una").post("/app/open/settings/general/delete", {"name": "open"})

    assert response.status_code == 302
    assert not InvitationBatch.objects.exists()
    assert not InvitationBatchRow.objects.exists()
    assert work() == 0


def test_a_list_whose_organization_was_deleted_by_a_former_release_goes(old):
    batch = start(old, addresses(50))
    InvitationBatch.objects.filter(pk=batch.pk).update(organization=10**9)

    assert work() == 0

    assert not InvitationBatch.objects.exists()


def test_d43_times_of_a_clock_that_was_ahead_hold_nothing_up(old):
    batch = start(old, addresses(30))
    ahead = timezone.now() + timedelta(days=400)
    InvitationBatch.objects.update(leased_until=ahead, paused_until=ahead)
    InvitationBatchRow.objects.filter(state="waiting").update(retry_at=ahead)

    assert work() == 10

    assert numbers(batch) == ("done", 30, 0, 30)


def test_a_list_that_another_process_sends_is_left_alone(old):
    start(old, addresses(30))
    InvitationBatch.objects.update(leased_until=timezone.now() + timedelta(minutes=1))

    assert work() == 0


def test_doctor_notes_a_list_that_stands_still(old):
    batch = start(old, addresses(30))
    InvitationBatch.objects.update(progressed_at=timezone.now() - timedelta(days=3))

    [note] = list(checks["lists of invitations"].find())
    assert note.startswith(f"open: 10 people on invitation list {batch.pk} have waited since ")


def test_doctor_finds_numbers_that_are_not_those_of_the_rows(old):
    start(old, addresses(3))
    InvitationBatch.objects.update(sent=2)

    [problem] = list(checks["lists of invitations"].find())
    assert problem.endswith("its totals don't match its rows")
