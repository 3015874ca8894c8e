"""What waits is listed in the mail that follows: nobody hides what they did behind what happens later."""

from dataclasses import replace

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client

from accounts import outbox
from accounts.audit import Actor
from accounts.crypto import seal
from accounts.models import MailWindow
from accounts.outbox import windows
from accounts.web.durations import minutes_in_words
from organizations.lifecycle import change_organization
from tests.accounts.outbox.test_windows import NEW, SAFARI, an_hour_later, in_parallel
from tests.support.mails import subjects
from tests.support.organizations import found
from tests.support.people import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

HERE, THERE = "192.0.2.1", "203.0.113.66"


def sign_in_from(user, address, agent=""):
    return sign_in(user, client=Client(REMOTE_ADDR=address, headers={"user-agent": agent}))


def in_one_line(mail):
    return " ".join(mail.body.split())


def wrong_code(user, address, agent=""):
    actor = replace(Actor.command(), ip=address, user_agent=agent, door="html")
    with transaction.atomic():
        outbox.notify(user, "wrong_codes", actor=actor)


def test_sf5_a_sign_in_from_another_network_is_told_at_once_however_many_there_were(alice, mailoutbox):
    for _ in range(windows.SEVERAL + 3):
        sign_in_from(alice, HERE)
    mailoutbox.clear()

    sign_in_from(alice, THERE)

    assert subjects(mailoutbox, alice.email) == [NEW]
    assert f"From: {THERE}" in mailoutbox[0].body


def test_sf5_sign_ins_from_ever_new_networks_are_told_at_once_up_to_a_bound(clock, alice, mailoutbox):
    for number in range(20):
        sign_in_from(alice, f"198.51.{number}.1")
    assert len(mailoutbox) == windows.SEVERAL + windows.MOST_SOURCES

    an_hour_later(clock)

    assert mailoutbox[-1].subject == f"{NEW} (and 9 more in the last hour)"
    assert len(mailoutbox) == windows.SEVERAL + windows.MOST_SOURCES + 1
    for number in range(10, 20):
        assert f"198.51.{number}.1" in mailoutbox[-1].body
    assert not MailWindow.objects.exists()


def test_sf5_the_bound_holds_for_sign_ins_at_the_same_moment(alice, mailoutbox):
    addresses = iter([f"198.51.{number}.1" for number in range(24)])

    def told():
        with transaction.atomic():
            outbox.notify(alice, "new_browser", source=next(addresses), actor=Actor.command())

    in_parallel(24, told)

    assert len(mailoutbox) == windows.SEVERAL + windows.MOST_SOURCES


def test_sf5_who_signs_in_afterwards_hides_nobody(clock, alice, mailoutbox):
    for _ in range(windows.SEVERAL):
        sign_in_from(alice, HERE)
    sign_in_from(alice, HERE, SAFARI)  # somebody else behind the same address
    sign_in_from(alice, HERE)

    an_hour_later(clock)

    mail = mailoutbox[-1]
    assert mail.subject == f"{NEW} (and 1 more in the last hour)"
    assert f"UTC, from {HERE}, Safari on iOS" in in_one_line(mail)
    [(html, _type)] = mail.alternatives
    assert f"UTC, from {HERE}, Safari on iOS" in html.replace("<br>", " ").replace("\n", " ")


def test_sf5_of_any_kind_the_earlier_times_are_listed_the_newest_last(clock, alice, mailoutbox):
    for number in range(1, 5):
        wrong_code(alice, f"198.51.{number}.1")

    an_hour_later(clock)

    first, latest = mailoutbox
    assert "From: 198.51.1.1" in first.body
    assert "From: 198.51.4.1" in latest.body
    places = [latest.body.index(f"198.51.{number}.1") for number in (2, 3, 4)]
    assert places == sorted(places)
    assert "Earlier, newest last: - " in in_one_line(latest)


def test_sf5_what_differs_is_told_in_the_list(clock, alice, mailoutbox):
    for name in [*("mine" for _ in range(windows.SEVERAL)), "evil", "also mine"]:
        with transaction.atomic():
            outbox.notify(alice, "email_change_requested", actor=Actor.command(), address=f"{name}@x.example")

    an_hour_later(clock)

    assert len(mailoutbox) == windows.SEVERAL + 1
    assert "evil@x.example" in mailoutbox[-1].body
    assert "also mine@x.example" in mailoutbox[-1].body


def test_sf5_beyond_ten_the_others_are_counted_and_one_that_differs_is_kept(clock, alice, mailoutbox):
    wrong_code(alice, HERE)
    wrong_code(alice, THERE, SAFARI)
    for _ in range(28):
        wrong_code(alice, HERE)

    an_hour_later(clock)

    mail = mailoutbox[-1]
    assert "(and 28 more in the last hour)" in mail.subject
    assert "Earlier, newest last (18 more aren't listed): -" in in_one_line(mail)
    assert f"from {THERE}, Safari on iOS" in in_one_line(mail)
    assert mail.body.count("\n- ") == windows.KEPT


def test_sf5_who_comes_after_the_hour_brings_the_list_along(clock, alice, mailoutbox):
    for address in (HERE, THERE):
        wrong_code(alice, address)
    clock.shift(3601)  # and run_due_work is not running

    wrong_code(alice, HERE)

    assert f"UTC, from {THERE}, " in in_one_line(mailoutbox[-1])


def test_sf5_owners_read_what_each_change_was(clock, alice, mailoutbox):
    organization = found("acme", alice)
    for minutes in range(60, 64):
        change_organization(organization, {"session_timeout": minutes}, actor=Actor.command())
    call_command("run_due_work")
    an_hour_later(clock)

    text = in_one_line(mailoutbox[-1])
    for minutes in (61, 62, 63):
        assert f"after {minutes_in_words(minutes)} without use" in text


@pytest.mark.parametrize("stored", ['{"address": "x", "subject": "", "text": "", "html": ""}', None])
def test_sf5_what_was_stored_before_or_can_not_be_read_stops_nobody(clock, alice, mailoutbox, stored):
    for _ in range(2):
        wrong_code(alice, THERE)
    sealed = seal(stored, "outbox") if stored else "unreadable"
    MailWindow.objects.update(sealed=sealed)

    wrong_code(alice, HERE)
    an_hour_later(clock)

    assert mailoutbox[-1].subject.endswith("(and 1 more in the last hour)")
