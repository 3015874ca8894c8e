"""Lists of people who are invited: sent as the limits allow, watched, stopped, tried again."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from accounts.management import due_work
from accounts.management.doctor import checks
from accounts.models import AuditEvent, RateLimit, User
from organizations.models import InvitationBatch, InvitationBatchRow, Membership, Organization
from tests.support import people
from tests.support.invariants import broken
from tests.support.organizations import counts_of, join, membership_of

INVITE = "/app/open/settings/users/invite"
LISTS = f"{INVITE}/batches"
USERS = "/app/open/settings/users"


@pytest.fixture
def old(stage):
    """Everybody, and every organization, is older than a day."""
    then = timezone.now() - timedelta(days=2)
    User.objects.update(date_joined=then)
    Organization.objects.update(created_at=then)
    RateLimit.objects.all().delete()
    return stage


def check(stage, rows, by="una"):
    return stage.browser(by).post(f"{INVITE}/preview", {"people": rows})


def press(stage, page, by="una"):
    """Press the button of a preview."""
    form = page.context["checked"]
    sent = {name: form[name].value() for name in ("people", "key")}
    return stage.browser(by).post(LISTS, sent)


def start(stage, rows, by="una"):
    """Return the list that was started, as it is after its first portion."""
    response = press(stage, check(stage, rows, by), by)
    assert response.status_code == 302
    return InvitationBatch.objects.get(pk=int(response["Location"].rsplit("/", 1)[1]))


def addresses(number, domain="example.org"):
    return "".join(f"p{each}@{domain}\n" for each in range(number))


def work():
    """Run the step until it has nothing to do: a slow machine may need several turns."""
    done = 0
    while number := due_work.steps["invitations of lists sent"].work():
        done += number
    return done


def text(stage, batch, by="una"):
    page = stage.browser(by).get(f"{LISTS}/{batch.pk}").content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def states(batch):
    return list(batch.rows.order_by("position").values_list("state", "problem"))


def numbers(batch):
    batch.refresh_from_db()
    return batch.state, batch.sent, batch.failed, batch.total


def events(*names):
    return list(AuditEvent.objects.filter(event__in=names).order_by("pk"))


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
