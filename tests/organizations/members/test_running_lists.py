"""Lists of people who are invited: sent as the limits allow, watched, tried again."""

from datetime import timedelta

import time_machine
from django.core import mail
from django.utils import timezone

from accounts.management import due_work
from accounts.models import RateLimit
from organizations.models import InvitationBatch, InvitationBatchRow, Membership, Organization
from tests.organizations.members.lists import (
    INVITE,
    LISTS,
    USERS,
    addresses,
    events,
    numbers,
    old,
    start,
    text,
    work,
)
from tests.support import people
from tests.support.invariants import broken
from tests.support.organizations import counts_of, join

__all__ = ["old"]


def test_a_small_list_is_sent_at_once(stage):
    mail.outbox.clear()
    before = counts_of("open")

    batch = start(stage, "ada@example.org\neve\nmax\n")

    assert numbers(batch) == ("done", 2, 0, 2)
    assert (batch.ip, batch.user_agent) == (None, "")
    assert {message.to[0] for message in mail.outbox} - {"una@example.com"} == {
        "ada@example.org",
        "eve@example.com",
    }
    assert counts_of("open") == (*before[:2], 2)
    assert "2 of 2 sent" in text(stage, batch)
    invitation = Membership.objects.get(email="ada@example.org")
    assert (invitation.invited_by, invitation.invited_by_id) == ("una", stage.una.pk)
    [event] = events("organization.invitations_started")
    assert (event.data["people"], event.actor, event.user_id) == (2, "user:una", stage.una.pk)
    assert [one.door for one in events("organization.member_invited")][-2:] == ["background"] * 2
    assert broken() == []


def test_a_larger_list_goes_on_without_the_page(old):
    batch = start(old, addresses(300))
    assert numbers(batch) == ("running", 20, 0, 300)
    assert "20 of 300 sent, a few minutes left" in text(old, batch)
    assert "Running" in old.browser("una").get(INVITE).content.decode()

    assert work() == 280

    assert numbers(batch) == ("done", 300, 0, 300)
    assert counts_of("open")[2] == 300
    assert work() == 0
    assert broken() == []


def test_the_mails_of_a_list_wait_for_the_step_that_sends(old, django_capture_on_commit_callbacks):
    """It stops early if the mail server is down or slow, and has other mails to send as well."""
    start(old, addresses(30))
    mail.outbox.clear()

    with django_capture_on_commit_callbacks(execute=True):
        assert work() == 10

    assert mail.outbox == []
    due_work.steps["sent"].work()

    assert len({message.to[0] for message in mail.outbox if message.to[0].endswith("@example.org")}) == 10


def test_five_hundred_are_sent_in_an_hour_and_the_others_follow(old):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        batch = start(old, addresses(1_100))
        work()
        assert numbers(batch) == ("running", 500, 0, 1_100)
        assert "500 of 1,100 sent, about 2 hours left" in text(old, batch)
        assert "We continue in" in text(old, batch)

        clock.shift(timedelta(minutes=30))
        assert work() == 0
        clock.shift(timedelta(minutes=31))
        assert work() == 500
        clock.shift(timedelta(minutes=61))
        assert work() == 100
    assert numbers(batch) == ("done", 1_100, 0, 1_100)


def test_a_young_organization_sends_twenty_and_the_others_once_it_is_a_day_old(stage):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        batch = start(stage, addresses(30))
        work()
        assert numbers(batch) == ("running", 20, 0, 30)
        assert "about 24 hours left" in text(stage, batch)
        assert Membership.objects.invited().count() == 20

        clock.shift(timedelta(hours=12))
        assert work() == 0
        clock.shift(timedelta(hours=12, minutes=1))
        assert work() == 10
    assert numbers(batch) == ("done", 30, 0, 30)


def test_the_list_counts_for_its_person_and_the_single_form_too(stage):
    start(stage, addresses(30))

    response = stage.browser("una").post(f"{USERS}/add", {"username": "one@example.org"})

    assert response.status_code == 429


def test_what_a_list_does_uses_up_nothing_of_other_actions(old):
    start(old, addresses(200))
    work()

    counted = RateLimit.objects.filter(key__startswith="action:")
    assert set(counted.values_list("count", flat=True)) == {1}


def test_a_row_that_was_invited_too_often_waits_and_the_others_do_not(old):
    for _ in range(5):
        old.browser("una").post(f"{USERS}/add", {"username": "p1@example.org"})
    with time_machine.travel(timezone.now(), tick=False) as clock:
        batch = start(old, addresses(4))
        assert numbers(batch) == ("running", 3, 0, 4)
        clock.shift(timedelta(days=1, minutes=2))
        work()
    assert numbers(batch) == ("done", 4, 0, 4)


def test_nothing_waits_for_ever(old):
    """Others invite the person so often that this list never can."""
    batch = start(old, addresses(21))
    mine = InvitationBatch.objects.filter(pk=batch.pk)
    InvitationBatchRow.objects.filter(batch=batch, state="waiting").update(who="p1@example.org")
    for _ in range(4):
        old.browser("una").post(f"{USERS}/add", {"username": "p1@example.org"})
    mine.update(progressed_at=timezone.now() - timedelta(days=4))

    work()

    assert numbers(batch) == ("done", 20, 1, 21)
    assert "This person was invited too often." in text(old, batch)


def test_what_fails_has_its_reason_and_can_be_downloaded_and_tried_again(old):
    names = "".join(f"ghost{number}\n" for number in range(102))
    batch = start(old, "ada@example.org\nbob@example.org\n" + names)
    assert numbers(batch)[2:] == (2, 4)
    work()
    assert numbers(batch) == ("done", 2, 2, 4)

    page = text(old, batch)
    file = old.browser("una").get(f"{LISTS}/{batch.pk}/not-invited")
    lines = b"".join(file).decode().splitlines()
    people.make_user("ghost100")
    response = old.browser("una").post(f"{LISTS}/{batch.pk}/try-again")

    assert "There is no user with that name." in page
    assert "Try these again" in page
    assert file["Content-Disposition"] == f'attachment; filename="not-invited-{batch.pk}.csv"'
    assert lines == [
        "row,email,problem",
        "103,ghost100,There is no user with that name. You can also enter an email address.",
        "104,ghost101,There is no user with that name. You can also enter an email address.",
    ]
    assert response["Location"] == f"{LISTS}/{batch.pk}"
    assert numbers(batch) == ("done", 3, 1, 4)
    assert len(events("organization.invitations_started")) == 2
    assert broken() == []


def test_the_download_runs_no_formula_and_can_be_chosen_again(old):
    batch = start(old, addresses(2))
    InvitationBatchRow.objects.filter(batch=batch).update(state="failed", problem="error", who="=1+1")
    InvitationBatch.objects.filter(pk=batch.pk).update(sent=0, failed=2)

    [_head, first, _second] = b"".join(old.browser("una").get(f"{LISTS}/{batch.pk}/not-invited")).splitlines()

    assert first.startswith(b"1,'=1+1,Something went wrong on our side.")


def test_people_who_joined_meanwhile_are_not_invited_again(old):
    batch = start(old, addresses(20) + "new@example.com\np30@example.org\n")
    user = people.make_user("new")
    join(Organization.objects.get(name="open"), user)
    work()

    assert numbers(batch) == ("done", 21, 1, 22)
    assert "Already a member." in text(old, batch)
