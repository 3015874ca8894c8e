"""A person has 100 sessions and 50 remembered browsers at most: the one idle for longest goes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, RememberedBrowser, Session
from accounts.sessions.caps import MOST_REMEMBERED, MOST_SESSIONS
from organizations.models import Organization
from tests.support.organizations import found
from tests.support.people import enrol, post_password, sign_in, sign_in_somewhere, start_enrolment
from tests.support.two_factor import CHALLENGE, events_of, is_out, is_signed_in

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/app/settings/sessions"
ENDED = "session.idle_ended"
FORGOTTEN = "browser.idle_forgotten"


def add_sessions(user, number, *, idle=timedelta(hours=1), **fields):
    """Write sessions in other browsers; the first of them is idle for longest."""
    user.refresh_from_db()
    now = timezone.now()
    start = Session.objects.count()
    common = {"user": user, "security_stamp": user.security_stamp, "expires_at": now + timedelta(days=1)}
    rows = [
        Session(
            key_hash=f"{start + n:064}",
            created_at=now - timedelta(days=1),
            last_used_at=now - idle - timedelta(seconds=number - n),
            **(common | fields),
        )
        for n in range(number)
    ]
    return Session.objects.bulk_create(rows)


def add_remembered(user, number):
    user.refresh_from_db()
    now = timezone.now()
    rows = [
        RememberedBrowser(
            user=user,
            token_hash=f"{n:064}",
            security_stamp=user.security_stamp,
            created_at=now - timedelta(days=1),
            expires_at=now + timedelta(days=1),
            last_used_at=now - timedelta(seconds=number - n),
        )
        for n in range(number)
    ]
    return RememberedBrowser.objects.bulk_create(rows)


def exist(rows):
    found = set(type(rows[0]).objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True))
    return [row.pk in found for row in rows]


def remember(user, app):
    client = Client()
    post_password(client, user)
    answered = client.post(CHALLENGE, {"code": app.fresh_code(), "remember": "on"})
    assert answered["Location"] == "/app"
    return client


# ---------------------------------------------------------------- sessions


def test_sf5_one_session_more_ends_the_one_idle_for_longest(alice):
    oldest = sign_in(alice)
    Session.objects.update(last_used_at=timezone.now() - timedelta(days=2))
    others = add_sessions(alice, MOST_SESSIONS - 1)

    newest = sign_in(alice)

    assert Session.objects.filter(user=alice).count() == MOST_SESSIONS
    assert all(exist(others))
    assert is_signed_in(newest, alice)
    assert is_out(oldest)
    assert events_of(alice).count(ENDED) == 1
    page = newest.get("/app/settings/activity").content.decode()
    assert "Signed out of the browsers that you hadn&#x27;t used for the longest time" in page


def test_sf5_with_a_second_factor_and_in_a_remembered_browser_too(alice):
    app = enrol(alice)
    kept = remember(alice, app)
    Session.objects.all().delete()
    rows = add_sessions(alice, MOST_SESSIONS)

    assert is_signed_in(sign_in(alice, app), alice)
    assert exist(rows) == [False] + [True] * (MOST_SESSIONS - 1)

    kept.cookies.pop("session")
    assert is_signed_in(sign_in(alice, client=kept), alice)
    assert exist(rows) == [False] * 2 + [True] * (MOST_SESSIONS - 2)
    assert events_of(alice).count(ENDED) == 2


def test_sf5_below_a_hundred_nothing_is_ended_or_recorded(alice):
    rows = add_sessions(alice, MOST_SESSIONS - 1)

    sign_in(alice)

    assert all(exist(rows))
    assert ENDED not in events_of(alice)


def test_sf5_sessions_that_have_ended_do_not_count(alice):
    live = add_sessions(alice, 60, idle=timedelta(days=2))
    add_sessions(alice, 60, security_stamp="a former one")
    add_sessions(alice, 60, expires_at=timezone.now())
    add_sessions(alice, 60, idle=timedelta(days=15))

    sign_in(alice)

    assert all(exist(live))
    assert ENDED not in events_of(alice)


def test_sf5_a_site_with_more_sessions_from_before_comes_down_to_a_hundred(alice):
    rows = add_sessions(alice, MOST_SESSIONS + 30)

    sign_in(alice)

    assert exist(rows) == [False] * 31 + [True] * (MOST_SESSIONS - 1)
    assert AuditEvent.objects.get(event=ENDED).data["number"] == 31


def test_sf5_other_people_keep_theirs(alice, bob):
    rows = add_sessions(bob, MOST_SESSIONS)
    add_sessions(alice, MOST_SESSIONS)

    sign_in(alice)

    assert all(exist(rows))


def test_sf5_sign_ins_at_the_same_moment_leave_a_hundred(alice):
    add_sessions(alice, MOST_SESSIONS - 1)

    def run(_number):
        try:
            return sign_in_somewhere(alice)[0].row.pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(run, range(8)))

    assert Session.objects.filter(user=alice).count() == MOST_SESSIONS
    assert Session.objects.filter(pk__in=made).count() == 8


def test_sf5_the_page_says_so_and_reads_a_hundred_rows_at_most(alice):
    client = sign_in(alice)
    add_sessions(alice, MOST_SESSIONS + 30)
    add_remembered(alice, MOST_REMEMBERED + 30)

    response = client.get(PAGE)

    page = " ".join(response.content.decode().split())
    assert response.context["page"].total == MOST_SESSIONS
    assert response.context["entries"][0].is_this
    assert response.context["browsers"].total == MOST_REMEMBERED
    assert "You can be signed in with 100 browsers." in page
    assert "We remember up to 50 browsers." in page


# ---------------------------------------------------------------- remembered browsers


def test_sf5_one_remembered_browser_more_forgets_the_one_idle_for_longest(alice):
    app = enrol(alice)
    rows = add_remembered(alice, MOST_REMEMBERED)

    client = remember(alice, app)

    assert exist(rows) == [False] + [True] * (MOST_REMEMBERED - 1)
    assert RememberedBrowser.objects.filter(user=alice).count() == MOST_REMEMBERED
    assert events_of(alice).count(FORGOTTEN) == 1
    client.post("/session/logout")
    assert post_password(client, alice)["Location"] == "/app"


# ---------------------------------------------------------------- clocks


DAY = 86_400


def shorten(user, **limits):
    """Put a user into an organization with limits for sessions."""
    found("strict", user)
    Organization.objects.update(**limits)


def test_d43_a_use_from_a_day_ahead_does_not_prolong_a_session(clock, alice):
    shorten(alice, session_timeout=60)
    client = sign_in(alice)
    clock.shift(3500)
    client.get(PAGE)
    clock.shift(DAY)
    Session.objects.update(last_used_at=timezone.now())  # as a request at that moment would have noted
    clock.shift(-DAY)

    clock.shift(200)

    assert is_out(client)


def test_d43_a_use_from_a_day_ahead_is_put_right_by_the_next(clock, alice):
    client = sign_in(alice)
    Session.objects.update(last_used_at=timezone.now() + timedelta(days=1))

    assert is_signed_in(client, alice)

    assert Session.objects.get(user=alice).last_used_at == timezone.now()


def test_d43_what_ended_by_idleness_is_not_good_again_when_the_clock_goes_back(clock, alice):
    shorten(alice, session_timeout=60)
    client = sign_in(alice)
    for _ in range(30):  # used for 25 hours
        clock.shift(3000)
        assert is_signed_in(client, alice)
    clock.shift(3700)
    assert is_out(client)

    clock.shift(-DAY)

    assert is_out(client)


@pytest.mark.parametrize("later", [0, 300, 590])
def test_d43_a_pending_login_from_a_day_ahead_is_none(clock, alice, later):
    app = enrol(alice)
    clock.shift(DAY)
    client = Client()
    post_password(client, alice)
    clock.shift(-DAY)

    clock.shift(later)

    assert client.post(CHALLENGE, {"code": app.fresh_code()})["Location"] == "/session"


def test_d43_sudo_from_a_day_ahead_is_none_and_lasts_five_minutes_when_its_time_comes(clock, alice):
    client = sign_in(alice)
    Session.objects.update(proved_at=timezone.now() + timedelta(days=1))

    assert client.get("/app/settings/password")["Location"].startswith("/session/sudo")
    clock.shift(DAY + 301)
    assert client.get("/app/settings/password")["Location"].startswith("/session/sudo")


def test_d43_an_enrolment_from_a_day_ahead_is_none(clock, alice):
    clock.shift(DAY)
    client = sign_in(alice)
    start_enrolment(client)
    Session.objects.update(created_at=timezone.now() - timedelta(days=2), proved_at=None)
    clock.shift(-DAY)
    Session.objects.update(proved_at=timezone.now(), last_used_at=timezone.now())

    assert client.get("/app/settings/two-factor/confirm")["Location"] == "/app/settings/two-factor"


def test_d43_a_remembered_browser_lasts_fourteen_days_whatever_the_clock_was(clock, alice):
    app = enrol(alice)
    clock.shift(DAY)
    client = remember(alice, app)
    client.post("/session/logout")
    clock.shift(-DAY)

    good = 0
    for _day in range(20):
        good += post_password(client, alice)["Location"] == "/app"
        client.post("/session/logout")
        clock.shift(DAY)

    assert good <= 14
