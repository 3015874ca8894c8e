"""The breaker of texts and people who sign in."""

import re

from accounts.factors.sms.backends.locmem import outbox
from accounts.models import Session
from tests.accounts.factors.sms.breaker import CONFIRM, ask, ask_often
from tests.accounts.factors.sms.conftest import alarms, newest_code
from tests.accounts.factors.sms.fraud import doctor, pause, pause_by_hand, use_up_set_ups
from tests.support.people import TWO_FACTOR, Authenticator, start_enrolment


def enter(client, code):
    assert client.post("/session/two-factor", {"code": code}).status_code == 302


def test_sf12_logins_go_on_while_set_ups_are_paused(owners, moving_clock):
    use_up_set_ups()

    for _ in range(3):
        for user in owners:
            enter(ask(user), newest_code())
        moving_clock.shift(61)

    assert len(outbox) == 24
    assert pause("US")
    assert not pause("US", "login")


def test_sf12_unused_logins_are_paused_next(owners, moving_clock, caplog, settings):
    settings.SUPPORT_EMAIL = "help@example.com"
    use_up_set_ups()
    ask_often(owners, moving_clock)
    assert len(outbox) == 20

    client = ask(owners[7])

    page = client.get("/session/two-factor").content.decode()
    assert page.count("Text messages to your country are paused at the moment.") == 1
    assert re.search(
        r"We&#x27;ll try again in [\w ]+(, at \d\d:\d\d UTC)?\. Use a recovery code instead\.", page
    )
    assert "If you have neither, write to help@example.com." in page
    assert "Text me a code" not in page
    client.post("/session/two-factor-send-sms")
    assert len(outbox) == 20
    assert len(alarms(caplog)) == 2
    assert "text messages to US for signing in are paused until" in doctor()


def test_sf12_unused_logins_alone_pause_set_ups_first_and_then_logins(owners, moving_clock):
    ask_often(owners, moving_clock)
    assert pause("US")
    assert not pause("US", "login")

    moving_clock.shift(3601)
    ask_often(owners, moving_clock)

    assert pause("US", "login")


def test_sf12_people_with_an_application_are_told_of_it_and_sign_in(owners, moving_clock):
    client = ask(owners[7])
    enter(client, newest_code())
    app = Authenticator(owners[7], start_enrolment(client))
    assert client.post(CONFIRM, {"code": app.code()}).status_code == 302
    pause_by_hand("US", "login")

    client = ask(owners[7])
    page = client.get("/session/two-factor?factor=sms").content.decode()

    assert "Use Application or a recovery code instead." in page
    assert "If you have neither, ask the administrators of this site." in page
    assert client.post("/session/two-factor", {"code": app.fresh_code(), "factor": "app"}).status_code == 302


def test_sf12_a_pause_is_told_where_sudo_asks_and_where_methods_are_listed(owners):
    client = ask(owners[0])
    enter(client, newest_code())
    pause_by_hand("US", "login")
    listed = client.get(TWO_FACTOR).content.decode()
    Session.objects.update(proved_at=None)

    asked = client.get("/session/sudo").content.decode()

    assert "Text messages to your country are paused at the moment." in listed
    assert "Text messages to your country are paused at the moment." in asked
    assert "Text me a code" not in asked


def test_sf12_logins_whose_codes_are_used_after_all_go_on(owners, moving_clock):
    use_up_set_ups()
    browsers = ask_often(owners, moving_clock)
    assert pause("US", "login")

    for client, code in browsers[-2:]:
        enter(client, code)

    assert not pause("US", "login")
    ask(owners[7])
    assert len(outbox) == 21


def test_sf12_one_used_login_in_twenty_is_judged_after_five_minutes(owners, moving_clock):
    use_up_set_ups()
    [(client, code)] = ask_often(owners, moving_clock, 1)
    enter(client, code)
    ask_often(owners, moving_clock, 20)
    assert not pause("US", "login")

    moving_clock.shift(120)
    ask(owners[7])

    assert pause("US", "login")
