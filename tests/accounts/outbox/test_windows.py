"""Mails of one kind to one reader: the first at once, then one an hour that says how many there were."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client

from accounts import outbox
from accounts.audit import Actor
from accounts.crypto.columns import sealed_columns
from accounts.models import MailWindow, OutboxMessage
from accounts.outbox import windows
from organizations.lifecycle import change_organization
from tests.support.mails import subjects
from tests.support.organizations import found
from tests.support.people import enrol, make_user, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = 3600
NEW = "New sign-in to your account"
WRONG_CODES = "Wrong codes at sign-in"
REVEALED = "Your backup codes were revealed"
SEVERAL = windows.SEVERAL
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1"


def sign_in_somewhere_else(user, times=1, **browser):
    for _ in range(times):
        sign_in(user, client=Client(**browser))


def an_hour_later(clock):
    clock.shift(HOUR + 1)
    call_command("run_due_work")


def notify(user, name="wrong_codes", **context):
    with transaction.atomic():
        outbox.notify(user, name, actor=Actor.command(), **context)


# ---------------------------------------------------------------- what is mailed


def test_sf5_many_sign_ins_are_five_mails_at_once_and_one_after_an_hour(clock, alice, mailoutbox):
    sign_in_somewhere_else(alice, 9)
    clock.shift(60)
    sign_in_somewhere_else(alice, headers={"user-agent": SAFARI})
    assert subjects(mailoutbox, alice.email) == [NEW] * SEVERAL

    an_hour_later(clock)

    assert subjects(mailoutbox, alice.email) == [NEW] * SEVERAL + [f"{NEW} (and 4 more in the last hour)"]
    latest = " ".join(mailoutbox[-1].body.split())
    assert "This email describes the most recent time. It happened 4 more times in the last hour" in latest
    assert "Browser: Safari on iOS" in latest


def test_sf5_the_mail_says_when_the_latest_was_not_when_it_left(clock, alice, mailoutbox):
    sign_in_somewhere_else(alice, SEVERAL + 1)
    first = mailoutbox[0].body.partition("When:")[2].splitlines()[0]

    an_hour_later(clock)

    assert mailoutbox[-1].body.partition("When:")[2].splitlines()[0] == first


def test_sf5_a_single_mail_that_waited_says_so(clock, alice, mailoutbox):
    for _ in range(2):
        notify(alice)

    an_hour_later(clock)

    assert subjects(mailoutbox, alice.email) == [WRONG_CODES, WRONG_CODES]
    assert "up to an hour late" in " ".join(mailoutbox[-1].body.split())
    assert "up to an hour late" not in " ".join(mailoutbox[0].body.split())


def test_sf5_thirty_reveals_are_six_mails(clock, alice, mailoutbox):
    client = sign_in(alice, enrol(alice))
    mailoutbox.clear()
    for _ in range(30):
        assert client.post("/app/settings/two-factor/reveal-codes").status_code == 200

    an_hour_later(clock)

    later = f"{REVEALED} (and 24 more in the last hour)"
    assert subjects(mailoutbox, alice.email) == [REVEALED] * SEVERAL + [later]


def test_sf5_nothing_is_mailed_twice_and_the_next_hour_begins_anew(clock, alice, mailoutbox):
    sign_in_somewhere_else(alice, SEVERAL + 2)
    an_hour_later(clock)
    an_hour_later(clock)
    assert len(mailoutbox) == SEVERAL + 1
    assert not MailWindow.objects.exists()

    sign_in_somewhere_else(alice)

    assert subjects(mailoutbox[SEVERAL + 1 :], alice.email) == [NEW]


def test_sf5_who_comes_after_the_hour_is_told_at_once_together_with_those_that_waited(
    clock, alice, mailoutbox
):
    sign_in_somewhere_else(alice, SEVERAL + 3)
    clock.shift(HOUR + 1)  # and run_due_work is not running

    sign_in_somewhere_else(alice)

    assert subjects(mailoutbox, alice.email) == [NEW] * SEVERAL + [f"{NEW} (and 3 more in the last hour)"]
    an_hour_later(clock)
    assert len(mailoutbox) == SEVERAL + 1


def test_sf5_another_kind_and_another_person_are_told_at_once(clock, alice, bob, mailoutbox):
    sign_in_somewhere_else(alice, 3)
    mailoutbox.clear()

    notify(alice)
    sign_in_somewhere_else(bob)

    assert [mail.to for mail in mailoutbox] == [[alice.email], [bob.email]]


def test_sf5_what_changes_how_one_signs_in_is_told_at_once_five_times_an_hour(clock, alice, mailoutbox):
    for _ in range(8):
        notify(alice, "password_changed")
    assert len(mailoutbox) == SEVERAL

    an_hour_later(clock)

    assert mailoutbox[-1].subject == "Your password was changed (and 2 more in the last hour)"
    assert len(mailoutbox) == SEVERAL + 1


def test_sf5_mails_about_two_organizations_are_counted_apart(alice, mailoutbox):
    for name in ("acme", "globex"):
        notify(alice, "organization_lifted_two_factor", organization_name=name)

    assert len(mailoutbox) == 2


@pytest.mark.parametrize("name", ["organization_two_factor_date_owners", "organization_two_factor_withdrawn"])
def test_dates_that_change_are_told_at_once(alice, mailoutbox, name):
    for day in range(1, 6):
        notify(alice, name, organization_name="acme", date=f"2027-03-0{day}T09:00:00+00:00")

    assert len(mailoutbox) == 5


def test_sf5_owners_get_one_mail_an_hour_about_session_lengths(clock, alice, bob, mailoutbox):
    organization = found("acme", alice, owners=[bob])
    call_command("run_due_work")
    mailoutbox.clear()
    for minutes in range(60, 66):
        change_organization(organization, {"session_timeout": minutes}, actor=Actor.command())
    call_command("run_due_work")

    assert sorted(mail.to[0] for mail in mailoutbox) == [alice.email, bob.email]
    an_hour_later(clock)

    later = mailoutbox[2:]
    assert sorted(mail.to[0] for mail in later) == [alice.email, bob.email]
    for mail in later:
        assert mail.subject == "acme changed how long people stay signed in (and 4 more in the last hour)"
        assert "after 1 hour and 5 minutes without use" in " ".join(mail.body.split())


def test_sf5_links_and_codes_are_never_collected(alice, mailoutbox):
    for _ in range(3):
        Client().post("/account/password/forgot", {"email": alice.email})

    assert len(mailoutbox) == 3
    assert not MailWindow.objects.exists()


def test_sf5_whom_it_happened_to_is_told_even_if_the_address_or_the_account_is_gone(clock, mailoutbox):
    user = make_user("leaver")
    for _ in range(3):
        notify(user)
    user.delete()

    an_hour_later(clock)

    assert subjects(mailoutbox, "leaver@example.com") == [
        WRONG_CODES,
        f"{WRONG_CODES} (and 1 more in the last hour)",
    ]


# ---------------------------------------------------------------- how it is kept


def test_sf5_what_is_undone_is_not_counted(clock, alice, mailoutbox):
    notify(alice)
    with transaction.atomic():
        outbox.notify(alice, "wrong_codes", actor=Actor.command())
        transaction.set_rollback(True)

    an_hour_later(clock)

    assert len(mailoutbox) == 1


def test_sf5_what_waits_is_unreadable_in_the_database_and_known_to_key_rotation(alice):
    for _ in range(2):
        notify(alice, "two_factor_disabled", reason="a reason that nobody else should read")
    for _ in range(5):
        notify(alice, "two_factor_disabled", reason="a reason that nobody else should read")

    window = MailWindow.objects.get()
    assert window.held == 2
    assert "reason" not in window.sealed
    assert alice.email not in window.sealed
    assert sealed_columns["mail windows"].tally().current == 1


def in_parallel(times, work):
    def run(_number):
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(run, range(times)))


def test_sf5_each_of_many_at_once_is_counted_once(clock, alice, mailoutbox):
    in_parallel(24, lambda: notify(alice))

    assert subjects(mailoutbox, alice.email) == [WRONG_CODES]
    an_hour_later(clock)
    assert mailoutbox[-1].subject == f"{WRONG_CODES} (and 22 more in the last hour)"


def test_sf5_a_window_that_another_server_opened_a_moment_ahead_goes_on(clock, alice, mailoutbox):
    clock.shift(30)
    notify(alice)
    clock.shift(-30)

    notify(alice)
    call_command("run_due_work")

    assert subjects(mailoutbox, alice.email) == [WRONG_CODES]


def test_sf5_several_workers_send_it_once(clock, alice):
    for _ in range(5):
        notify(alice)
    clock.shift(HOUR + 1)
    before = OutboxMessage.objects.count()

    assert sum(in_parallel(4, windows.release_due)) == 1

    assert OutboxMessage.objects.count() == before + 1


def test_d43_a_window_from_a_day_ahead_holds_nothing_back_for_longer_than_an_hour(clock, alice, mailoutbox):
    clock.shift(24 * HOUR)
    for _ in range(3):
        notify(alice)
    clock.shift(-24 * HOUR)

    call_command("run_due_work")
    assert subjects(mailoutbox, alice.email) == [WRONG_CODES, f"{WRONG_CODES} (and 1 more in the last hour)"]

    notify(alice)
    assert len(mailoutbox) == 3


def test_d43_a_mail_that_waits_for_a_day_ahead_is_due(clock, alice, mailoutbox):
    clock.shift(24 * HOUR)
    with outbox.left_for_later():
        notify(alice)
    OutboxMessage.objects.update(claimed_until=OutboxMessage.objects.get().due_at)
    clock.shift(-24 * HOUR)

    call_command("run_due_work")

    assert subjects(mailoutbox, alice.email) == [WRONG_CODES]
