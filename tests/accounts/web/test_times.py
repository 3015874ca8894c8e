"""How pages and mails say when something was or will be: in one unit, exactly, in the person's time zone."""

import html
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from accounts.models import AuditEvent, User
from accounts.outbox.mails import render
from accounts.typed import zones
from accounts.web import times
from accounts.web.durations import when
from tests.support.people import sign_in
from tests.support.statements import sent, statements
from tests.support.two_factor import text_of

TEMPLATES = Path(__file__).resolve().parents[3] / "templates"
NOW = datetime(2026, 11, 29, 12, 0, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = 60, 3600, 86_400
PROFILE, CHOICE = "/app/settings/profile", "/app/settings/profile/time-zone"
SESSIONS, ACTIVITY, TOKENS = "/app/settings/sessions", "/app/settings/activity", "/app/settings/tokens"

# Seconds, and how long ago or ahead that is from NOW.
UNITS = [
    (MINUTE, "1 minute"),
    (2 * MINUTE - 1, "1 minute"),
    (2 * MINUTE, "2 minutes"),
    (HOUR - 1, "59 minutes"),
    (HOUR, "1 hour"),
    (2 * HOUR - 1, "1 hour"),
    (23 * HOUR, "23 hours"),
    (DAY - 1, "23 hours"),
    (DAY, "1 day"),
    (6 * DAY, "6 days"),
    (7 * DAY - 1, "6 days"),
    (7 * DAY, "1 week"),
    (14 * DAY - 1, "1 week"),
    (14 * DAY, "2 weeks"),
    (364 * DAY, "11 months"),
    (365 * DAY, "1 year"),
    (729 * DAY, "1 year"),
    (3660 * DAY, "10 years"),
]


@pytest.mark.parametrize(("seconds", "words"), UNITS)
def test_a_time_is_so_many_of_one_unit_away_in_both_directions(seconds, words):
    away = timedelta(seconds=seconds)

    assert times.relative(NOW - away, NOW) == f"{words} ago"
    assert times.relative(NOW + away, NOW) == f"in {words}"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-60, "1 minute ago"),
        (-59.999, "just now"),
        (0, "just now"),
        (5, "just now"),
        (6, "in less than a minute"),
        (59, "in less than a minute"),
        (60, "in 1 minute"),
    ],
)
def test_what_is_less_than_a_minute_away_has_no_number(seconds, words):
    assert times.relative(NOW + timedelta(seconds=seconds), NOW) == words


def test_a_month_is_a_month_of_the_calendar():
    assert times.relative(datetime(2026, 10, 29, 12, tzinfo=UTC), NOW) == "1 month ago"
    assert times.relative(datetime(2026, 10, 30, 12, tzinfo=UTC), NOW) == "4 weeks ago"


def test_hours_are_counted_across_a_change_of_the_clocks():
    berlin = ZoneInfo("Europe/Berlin")
    before = datetime(2026, 10, 25, 1, 30, tzinfo=berlin)
    after = datetime(2026, 10, 25, 3, 30, tzinfo=berlin)

    assert times.relative(before, after) == "3 hours ago"


@pytest.mark.parametrize(
    ("zone", "moment", "words"),
    [
        ("", datetime(2026, 7, 1, 12, 0, tzinfo=UTC), "1 Jul 2026, 12:00 UTC"),
        ("Europe/Berlin", datetime(2026, 7, 1, 12, 0, tzinfo=UTC), "1 Jul 2026, 14:00 CEST"),
        ("Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "25 Oct 2026, 02:30 CEST"),
        ("Europe/Berlin", datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "25 Oct 2026, 02:30 CET"),
        ("Asia/Kolkata", datetime(2026, 12, 31, 23, 0, tzinfo=UTC), "1 Jan 2027, 04:30 IST"),
        ("America/Sao_Paulo", datetime(2026, 7, 1, 1, 0, tzinfo=UTC), "30 Jun 2026, 22:00 UTC-03"),
        ("Asia/Kathmandu", datetime(2026, 7, 1, 0, 0, tzinfo=UTC), "1 Jul 2026, 05:45 UTC+05:45"),
    ],
)
def test_an_exact_time_names_the_zone_and_tells_the_two_hours_of_autumn_apart(zone, moment, words):
    with timezone.override(zones.zone_of(zone)):
        assert times.exact(moment) == words


@pytest.mark.parametrize(
    ("zone", "hours", "words"),
    [
        ("Europe/Berlin", 24, "tomorrow at 13:00 CET"),
        ("Europe/Berlin", 11, "tomorrow at 00:00 CET"),
        ("America/New_York", 10, "today at 17:00 EST"),
        ("Pacific/Auckland", 7, "today at 08:00 NZDT"),
    ],
)
def test_a_wait_ends_by_the_clock_and_on_the_day_of_the_zone(zone, hours, words):
    with time_machine.travel(NOW, tick=False), timezone.override(zones.zone_of(zone)):
        assert when(hours * HOUR) == words


# ---------------------------------------------------------------- zones


def test_every_zone_that_is_offered_works_and_stands_in_one_region():
    offered = [name for _region, places in zones.by_region() for name, _place in places]

    assert sorted(offered) == sorted(zones.names())
    assert len(offered) > 400
    assert all(str(zones.zone_of(name)) == name for name in offered)
    assert ("Europe/Berlin", "Berlin") in dict(zones.by_region())["Europe"]
    assert ("America/Indiana/Knox", "Knox, Indiana") in dict(zones.by_region())["America"]


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "Europe", "../../etc/passwd", "/etc/passwd", "x" * 64, "\0", "é"]
)
def test_a_zone_that_the_server_does_not_know_is_the_sites(name):
    assert str(zones.zone_of(name)) == "UTC"


@pytest.fixture
def here(alice):
    return sign_in(alice)


def choose(client, zone):
    return client.post(CHOICE, {"time_zone": zone})


def page_of(client, path):
    return html.unescape(text_of(client.get(path)))


def test_a_person_chooses_a_zone_and_sees_times_in_it(here, alice):
    assert re.search(r"\d\d:\d\d UTC<", page_of(here, ACTIVITY))

    assert choose(here, "Asia/Kolkata")["Location"] == PROFILE

    assert User.objects.get().time_zone == "Asia/Kolkata"
    assert "Asia/Kolkata" in page_of(here, PROFILE)
    for path in (PROFILE, SESSIONS, ACTIVITY):
        assert re.search(r"\d\d:\d\d IST<", page_of(here, path)), path
        assert not re.search(r"\d\d:\d\d UTC", page_of(here, path)), path
    assert AuditEvent.objects.filter(event="account.time_zone_changed").count() == 1


def test_the_next_visitor_of_the_thread_gets_the_sites_zone(here, bob):
    choose(here, "Asia/Kolkata")
    other = sign_in(bob)

    here.get(SESSIONS)

    assert "IST" not in page_of(other, SESSIONS)
    assert timezone.get_current_timezone_name() == "UTC"


def test_a_zone_costs_no_statement(here):
    def cost():
        with sent() as queries:
            here.get(PROFILE)
        return len(statements(queries))

    before = cost()
    choose(here, "Europe/Berlin")

    assert cost() == before


@pytest.mark.parametrize(
    "zone", ["Mars/Olympus", "Europe", "../../etc/passwd", "x" * 5000, "UTC\0", "<script>"]
)
def test_what_is_no_zone_is_refused_in_words_and_changes_nothing(here, zone):
    response = choose(here, zone)

    assert response.status_code == 422
    assert "Choose a time zone from the list." in response.content.decode()
    assert User.objects.get().time_zone == ""


def test_the_zone_of_the_site_can_be_chosen_again_and_the_same_one_changes_nothing(here):
    choose(here, "Europe/Berlin")
    choose(here, "Europe/Berlin")
    choose(here, "")

    assert User.objects.get().time_zone == ""
    assert AuditEvent.objects.filter(event="account.time_zone_changed").count() == 2


def test_a_stored_zone_that_is_gone_is_no_error_and_is_kept_until_another_is_chosen(here):
    User.objects.update(time_zone="Europe/Atlantis")

    assert "you see times in UTC" in page_of(here, PROFILE)
    for path in (SESSIONS, ACTIVITY, TOKENS):
        assert here.get(path).status_code == 200, path
    assert '<option value="Europe/Atlantis" selected>' in page_of(here, CHOICE)
    assert choose(here, "Europe/Atlantis")["Location"] == PROFILE
    assert User.objects.get().time_zone == "Europe/Atlantis"


def test_mails_are_in_the_zone_of_their_reader(here, alice, mailoutbox):
    choose(here, "Asia/Kolkata")
    alice.refresh_from_db()
    ends = datetime(2026, 12, 31, 23, 0, tzinfo=UTC)

    mail = render("token_expiring", alice.email, {"user": alice, "expires_at": ends})

    assert mail.subject == "One of your API tokens expires on 1 January 2027"
    assert "1 January 2027, 04:30 IST" in " ".join(mail.text.split())
    here.post(f"{TOKENS}/create", {"description": "laptop", "expires": "30"})
    assert re.search(r"When: \d+ \w+ \d{4}, \d\d:\d\d IST\n", mailoutbox[-1].body)


# ---------------------------------------------------------------- on pages


def test_a_time_is_said_once_with_the_exact_one_for_every_reader(clock, alice):
    sign_in(alice)
    clock.shift(3 * HOUR)
    page = page_of(sign_in(alice), SESSIONS)

    found = re.findall(r"<time.*?</time>", page)
    assert len(found) == 4
    for tag in found:
        exact = re.search(r"<small> (\d+ \w{3} \d{4}, \d\d:\d\d UTC)</small>", tag)[1]
        assert tag.count(exact) == (1 if 'class="both"' in tag else 2)
        assert 'class="both"' in tag or f'title="{exact}"' in tag
    assert "3 hours ago" in page


def test_no_page_says_since_or_until_so_many_hours_ago():
    pattern = re.compile(r'(?i)\b(?:since|until|on)"? %}\s*(\{% include "includes/time.html"[^%]*%\})')
    wrong = [
        (path.name, include)
        for path in TEMPLATES.rglob("*.html")
        for include in pattern.findall(path.read_text())
        if "exact=True" not in include
    ]

    assert wrong == []


# ---------------------------------------------------------------- hours that people choose


@pytest.mark.parametrize(
    ("zone", "day", "hour", "at"),
    [
        ("UTC", "2027-03-28", 2, "2027-03-28T02:00:00Z"),
        ("Europe/Berlin", "2027-03-27", 2, "2027-03-27T01:00:00Z"),
        ("Europe/Berlin", "2027-03-28", 2, "2027-03-28T01:00:00Z"),  # left out: 03:00 CEST
        ("Europe/Berlin", "2027-03-28", 3, "2027-03-28T01:00:00Z"),
        ("Europe/Berlin", "2027-10-31", 2, "2027-10-31T00:00:00Z"),  # twice: the first, 02:00 CEST
        ("Europe/Berlin", "2027-10-31", 3, "2027-10-31T02:00:00Z"),
        ("America/Santiago", "2027-09-05", 0, "2027-09-05T04:00:00Z"),  # left out at midnight: 01:00
        ("Australia/Lord_Howe", "2027-10-03", 2, "2027-10-02T15:30:00Z"),  # half an hour: 02:30
        ("Asia/Kolkata", "2027-03-28", 9, "2027-03-28T03:30:00Z"),
    ],
)
def test_an_hour_is_read_in_the_zone_whatever_summer_time_does(zone, day, hour, at):
    with timezone.override(ZoneInfo(zone)):
        chosen = times.at_hour(date.fromisoformat(day), hour)

    assert times.machine_readable(chosen) == at


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_first_and_the_last_day_that_there_is_are_read(zone, day):
    with timezone.override(ZoneInfo(zone)):
        for hour in (0, 23):
            assert times.at_hour(day, hour).date() == day


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(days=12, hours=3), "in 12 days"),
        (timedelta(days=2), "in 2 days"),
        (timedelta(days=1, hours=23), "in 1 day"),
        (timedelta(hours=5), "in 5 hours"),
        (timedelta(seconds=-120), "2 minutes ago"),
    ],
)
def test_a_countdown_is_in_days(left, said):
    with time_machine.travel(NOW, tick=False):
        assert times.countdown(NOW + left) == said
