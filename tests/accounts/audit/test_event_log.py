"""Audit events are lines of the log, too."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction

from accounts.audit import Event, record
from accounts.models import AuditEvent
from tests.accounts.audit.events import SERVER
from tests.support.lines import kept_lines, lines_in

pytestmark = pytest.mark.django_db(transaction=True)


def test_sf11_of12_each_event_is_one_line_of_json_with_its_number(alice):
    note = 'a "quote"\u2028 and a\rbreak \x1b[2J'
    with kept_lines() as kept:
        record(Event.LOGOUT, actor=SERVER, subject="user:al\nice", user=alice, note=note)

    [text] = kept.texts
    assert text.isascii()
    assert text.isprintable()
    event = AuditEvent.objects.get()
    assert kept.events == [
        {
            "time": event.created_at.isoformat(),
            "logger": "tfc_auth.audit",
            "id": event.pk,
            "event": "login.ended",
            "outcome": "success",
            "actor": "command",
            "subject": "user:al\nice",
            "user_id": alice.pk,
            "address": None,
            "user_agent": "",
            "door": "command",
            "request_id": "",
            "data": {"note": note},
        }
    ]


def test_sf11_what_is_rolled_back_is_not_logged_and_what_waits_is_logged_after_the_commit():
    with kept_lines() as kept:
        with transaction.atomic():
            record(Event.LOGOUT, actor=SERVER, subject="user:undone")
            transaction.set_rollback(True)
        with transaction.atomic():
            record(Event.LOGOUT, actor=SERVER, subject="user:done")
            assert kept.texts == []

    assert [line["subject"] for line in kept.events] == ["user:done"]


@pytest.mark.parametrize(
    "number",
    ["+12025550143", "+1 202 555-0143", "+44 (0) 20 7946 0943", "0044 20 7946 0943", "+49/30/901820943"],
)
def test_of12_a_line_has_no_full_number_even_if_somebody_typed_it_into_a_reason(number):
    with kept_lines() as kept:
        record(
            Event.LOGOUT, actor=SERVER, subject="site", reason=f"lost {number}, he says", old=[{"x": number}]
        )

    [line] = kept.events
    assert line["data"] == {"reason": "lost ••43, he says", "old": [{"x": "••43"}]}


@pytest.mark.parametrize(
    "text", ["2026-11-28T14:02:31.566238+00:00", "a+123456789@example.com", "100200300400"]
)
def test_of12_what_is_no_number_stays(text):
    with kept_lines() as kept:
        record(Event.LOGOUT, actor=SERVER, subject="site", reason=text)

    assert kept.events[0]["data"] == {"reason": text}


def test_of12_what_was_missed_can_be_had_again_by_its_number():
    with kept_lines() as kept:
        for name in ("first", "second", "third"):
            record(Event.LOGOUT, actor=SERVER, subject=f"user:{name}")
    output = StringIO()

    call_command("audit_lines", after=kept.events[0]["id"], stdout=output)

    assert output.getvalue().splitlines() == kept.texts[1:]


def test_sf11_of12_the_server_writes_events_whatever_its_log_level_is(start_site, alice):
    site = start_site(LOG_LEVEL="ERROR")
    visitor = site.visitor()
    visitor.get("/session")
    reply = visitor.post_form("/session", username="alice", password="wrong, and a secret of mine")

    [event] = lines_in(site.log())
    assert (event["event"], event["outcome"]) == ("login.failed", "failure")
    assert (event["subject"], event["actor"], event["door"]) == ("user:alice", "html", "html")
    assert event["request_id"] == reply.headers["X-Request-Id"]
    assert event["id"] == AuditEvent.objects.get().pk
    assert event["address"] == "127.0.0.1"
    assert "a secret of mine" not in site.log()
