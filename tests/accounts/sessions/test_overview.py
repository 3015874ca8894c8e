"""User settings > Sessions: where one is signed in, and how to end that from elsewhere (SE-05, R48)."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, RememberedBrowser, Session
from tests.support import people
from tests.support.people import post_password
from tests.support.statements import sent, statements
from tests.support.two_factor import (
    CHALLENGE,
    events_of,
    is_out,
    is_signed_in,
    let_sudo_expire,
    pending,
    sudo_page,
)

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/app/settings/sessions"
END_OTHERS = f"{PAGE}/end-others"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Safari/604.1"
)


def browser(user, app=None, user_agent=FIREFOX, address="127.0.0.1"):
    return people.sign_in(user, app, Client(headers={"user-agent": user_agent}, REMOTE_ADDR=address))


def entries(client):
    return client.get(PAGE).context["entries"]


def session_of(client):
    """The row behind the session of a browser."""
    return next(entry.row for entry in entries(client) if entry.is_this)


def end(client, other):
    return client.post(f"{PAGE}/{session_of(other).pk}/end")


# ---------------------------------------------------------------- what it shows


def test_lists_browser_system_address_and_times_and_marks_this_one(alice):
    phone = browser(alice, user_agent=SAFARI, address="192.0.2.7")
    desk = browser(alice)

    shown = entries(desk)

    assert [(entry.browser, entry.row.ip, entry.is_this) for entry in shown] == [
        ("Firefox on Windows", "127.0.0.1", True),
        ("Safari on iOS", "192.0.2.7", False),
    ]
    page = phone.get(PAGE).content.decode()
    assert page.count("This browser") == 1
    assert page.count("<time datetime=") >= 4
    assert FIREFOX not in page


def test_lists_this_one_first_and_then_those_used_last(clock, alice):
    browsers = []
    for user_agent in ("Firefox/1 Linux", "Chrome/1 Linux", "Edg/1 Windows"):
        browsers.append(browser(alice, user_agent=user_agent))
        clock.shift(120)
    browsers[1].get("/app")

    names = [entry.browser for entry in entries(browsers[0])]

    assert names == ["Firefox on Linux", "Chrome on Linux", "Edge on Windows"]


def test_lists_neither_pending_logins_nor_ended_ones_nor_other_peoples(alice, bob, app_of_alice):
    Session.objects.all().delete()
    gone, desk = browser(alice, app_of_alice), browser(alice, app_of_alice)
    gone.post("/session/logout")
    pending(alice)
    browser(bob)

    assert [entry.is_this for entry in entries(desk)] == [True]


def test_marks_sessions_of_remembered_browsers(alice, app_of_alice):
    client = pending(alice)
    client.post(CHALLENGE, {"code": app_of_alice.fresh_code(), "remember": "on"})
    assert not any(entry.is_remembered for entry in entries(client))
    client.post("/session/logout")
    post_password(client, alice)

    assert [entry.is_this for entry in entries(client) if entry.is_remembered] == [True]
    assert "signed in without a code" in client.get(PAGE).content.decode()


def test_a_user_agent_writes_nothing_of_its_own_into_the_page(alice):
    client = browser(alice, user_agent='<script>alert(1)</script>" Firefox/1')

    page = client.get(PAGE).content.decode()

    assert "alert(1)" not in page
    assert ">Sessions</a>" in page


def test_without_another_session_there_is_nothing_to_end(alice):
    page = browser(alice).get(PAGE).content.decode()

    assert "End all" not in page
    assert "End session" not in page


def test_ten_of_each_list_are_on_a_page_and_the_others_on_the_next(alice, app_of_alice):
    Session.objects.all().delete()
    desk = browser(alice, app_of_alice)
    assert 'rel="next"' not in desk.get(PAGE).content.decode()
    own = Session.objects.filter(user=alice).latest("id")
    now = timezone.now()
    for n in range(11):
        Session.objects.create(
            key_hash=f"{n:064}", user=alice, security_stamp=own.security_stamp, created_at=now,
            last_used_at=now, expires_at=own.expires_at,
        )  # fmt: skip
        RememberedBrowser.objects.create(
            token_hash=f"{n:064}", user=alice, security_stamp=own.security_stamp, created_at=now,
            last_used_at=now, expires_at=own.expires_at,
        )  # fmt: skip

    page = desk.get(PAGE).content.decode()

    assert "Where you are signed in (12)" in page
    assert "Remembered browsers (11)" in page
    assert "1–10 of 12" in page
    assert "1–10 of 11" in page
    assert page.count("End session</button>") == 9  # and this one
    assert page.count("Forget this browser</button>") == 10
    others = desk.get(PAGE, {"page": 2, "browsers": 2}).content.decode()
    assert "11–12 of 12" in others
    assert "11–11 of 11" in others
    assert others.count("End session</button>") == 2
    assert others.count("Forget this browser</button>") == 1
    assert f'rel="prev" href="{PAGE}?page=1&amp;browsers=2"' in others
    assert f'rel="prev" href="{PAGE}?page=2&amp;browsers=1"' in others
    assert (
        desk.get(PAGE, {"page": 3, "browsers": 3}).content.decode().count("There is nothing on this page.")
        == 2
    )


@pytest.mark.parametrize("query", ["page=0", "page=x", "browsers=-1", "browsers=1234567", "page=٣"])
def test_a_malformed_page_is_a_clear_error(alice, app_of_alice, query):
    assert browser(alice, app_of_alice).get(f"{PAGE}?{query}").status_code == 400


def test_what_is_said_where_no_browser_is_remembered_is_true(alice, bob, app_of_alice):
    with_code, without = (
        browser(alice, app_of_alice).get(PAGE).content.decode(),
        browser(bob).get(PAGE).content.decode(),
    )

    assert "We ask for a code each time you sign in" in with_code
    assert "You sign in with your password alone" in without
    assert "asked for a code" not in without


def test_it_costs_the_same_however_many_there_are(alice):
    counted = []
    for _ in range(2):
        clients = [browser(alice) for _ in range(4)]
        with sent() as queries:
            clients[-1].get(PAGE)
        counted.append(len(statements(queries)))

    assert counted[0] == counted[1] <= 4


# ---------------------------------------------------------------- ending


def test_se_05_ending_one_signs_it_out_at_its_next_request(alice, app_of_alice):
    phone, desk, laptop = (browser(alice, app_of_alice) for _ in range(3))

    assert end(desk, phone)["Location"] == PAGE

    assert is_out(phone)
    assert is_signed_in(desk, alice)
    assert is_signed_in(laptop, alice)
    assert events_of(alice)[-1] == "session.ended"


@pytest.mark.parametrize("enrolled", [True, False])
def test_se_05_it_needs_a_fresh_proof_and_is_not_replayed(alice, request, enrolled):
    app = request.getfixturevalue("app_of_alice") if enrolled else None
    phone, desk = browser(alice, app), browser(alice, app)
    let_sudo_expire(alice)

    for response in (end(desk, phone), desk.post(END_OTHERS)):
        assert response["Location"] == sudo_page(PAGE, response.wsgi_request.path)

    assert is_signed_in(phone, alice)


def test_se_05_after_the_proof_it_works(alice, app_of_alice):
    phone, desk = browser(alice, app_of_alice), browser(alice, app_of_alice)
    let_sudo_expire(alice)
    step_up = end(desk, phone)["Location"]

    assert desk.post(step_up, {"code": app_of_alice.fresh_code()})["Location"] == PAGE
    end(desk, phone)

    assert is_out(phone)


def test_r50_ending_all_others_keeps_this_one(alice, app_of_alice):
    Session.objects.all().delete()
    others = [browser(alice, app_of_alice) for _ in range(3)]
    desk = browser(alice, app_of_alice)

    response = desk.post(END_OTHERS, follow=True)

    assert "3 sessions were ended." in response.content.decode()
    assert all(is_out(other) for other in others)
    assert is_signed_in(desk, alice)
    assert Session.objects.filter(user=alice).count() == 1
    event = AuditEvent.objects.get(event="session.others_ended")
    assert (event.actor, event.data) == ("user:alice", {"number": 3})


def test_what_had_ended_by_itself_goes_too_and_is_neither_counted_nor_recorded(alice):
    here, _there = browser(alice), browser(alice)
    late = Session.objects.filter(user=alice).latest("pk")
    Session.objects.filter(pk=late.pk).update(expires_at=timezone.now())

    here.post(END_OTHERS)

    assert Session.objects.filter(user=alice).count() == 1
    assert "session.others_ended" not in events_of(alice)


def test_a_pending_login_goes_on(alice, app_of_alice):
    waiting = pending(alice)

    browser(alice, app_of_alice).post(END_OTHERS)

    response = waiting.post(CHALLENGE, {"code": app_of_alice.fresh_code()})
    assert response["Location"] == "/app"


def test_nobody_ends_the_session_of_somebody_else(alice, bob):
    desk, other = browser(alice), browser(bob)

    other.post(f"{PAGE}/{session_of(desk).pk}/end")
    other.post(END_OTHERS)

    assert is_signed_in(desk, alice)
    assert "session.ended" not in events_of(bob)


def test_this_session_ends_by_signing_out_only(alice):
    desk = browser(alice)

    desk.post(f"{PAGE}/{session_of(desk).pk}/end")

    assert is_signed_in(desk, alice)


@pytest.mark.parametrize("number", ["0", "999999", "9" * 30])
def test_a_session_that_is_not_there_is_no_error(alice, number):
    desk = browser(alice)

    response = desk.post(f"{PAGE}/{number}/end", follow=True)

    assert response.status_code == 200
    assert "Those sessions had already ended." in response.content.decode()
    assert "session.ended" not in events_of(alice)


def test_ending_twice_is_harmless_and_recorded_once(alice):
    phone, desk = browser(alice), browser(alice)
    row = session_of(phone)

    for _ in range(2):
        assert desk.post(f"{PAGE}/{row.pk}/end").status_code == 302

    assert events_of(alice).count("session.ended") == 1


@pytest.mark.parametrize("path", [END_OTHERS, f"{PAGE}/1/end"])
def test_r52_only_a_post_ends_anything(alice, path):
    other, desk = browser(alice), browser(alice)

    assert desk.get(path)["Location"] == PAGE
    forged = Client(enforce_csrf_checks=True)
    forged.cookies = desk.cookies
    assert forged.post(path).status_code == 403
    assert is_signed_in(other, alice)


def test_se_11_who_was_ended_ends_nobody(alice, app_of_alice):
    phone, desk = browser(alice, app_of_alice), browser(alice, app_of_alice)
    end(desk, phone)

    response = phone.post(END_OTHERS)

    assert response["Location"].startswith("/session")
    assert is_signed_in(desk, alice)


def test_it_works_without_javascript(alice):
    """The confirmation is a part of the page that opens, and a button in it."""
    browser(alice)
    page = browser(alice).get(PAGE).content.decode()

    assert ">End all other sessions</summary>" in page
    assert f'<form method="post" action="{END_OTHERS}">' in page
    assert page.count("End session</button>") == 1


@pytest.mark.races
def test_two_sessions_that_end_each_other_leave_exactly_one(live_site, alice):
    for _ in range(5):
        visitors = [signed_in(live_site, alice) for _ in range(2)]
        raws = [visitor.raw_form(PAGE, "End all others") for visitor in visitors]

        replies = live_site.volley(raws)

        assert all(reply.status == 302 for reply in replies)
        left = [visitor.get(PAGE).status == 200 for visitor in visitors]
        assert sorted(left) == [False, True]
        Session.objects.all().delete()


def signed_in(site, user):
    visitor = site.visitor()
    visitor.post_form("/session", username=user.username, password=people.PASSWORD)
    assert visitor.get("/app").status == 200
    return visitor


# ---------------------------------------------------------------- what it says in each state


FORGETS = "signs out every other browser and forgets the remembered ones"
ALONE = "You sign in with your password alone, so there is no code to skip."
EACH_TIME = "We ask for a code each time you sign in"


def test_without_two_factor_it_says_nothing_of_codes_that_are_asked_for(alice):
    page = browser(alice).get(PAGE).content.decode()

    assert ALONE in page
    assert EACH_TIME not in page
    assert FORGETS not in page


def test_with_two_factor_it_says_when_a_code_is_asked_for(alice, app_of_alice):
    page = browser(alice, app_of_alice).get(PAGE).content.decode()

    assert EACH_TIME in page
    assert ALONE not in page
    assert FORGETS not in page


def test_rows_of_equal_browsers_differ_in_when_and_where_they_signed_in(clock, alice):
    for address in ("192.0.2.7", "192.0.2.7", "192.0.2.8"):
        browser(alice, address=address)
        clock.shift(3600)

    page = browser(alice).get(PAGE).content.decode()

    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)[1:]
    told = [
        re.search(r"From ([\d.]+).*?<time datetime=\"([^\"]+)\"", row, re.DOTALL).groups() for row in rows
    ]
    assert len(set(told)) == len(told) == 4


def test_what_ends_something_is_confirmed_first(alice):
    browser(alice)
    page = browser(alice).get(PAGE).content.decode()

    confirmations = re.findall(r'<details class="disclosure confirmation">.*?</details>', page, re.DOTALL)
    assert len(confirmations) == 2
    for confirmation in confirmations:
        assert re.search(r'<summary class="button button-danger[ "]', confirmation)
        assert re.search(r'<button class="button button-danger button-solid[^>]* type="submit"', confirmation)
    assert page.count("<form") == 3  # these, and Log out
