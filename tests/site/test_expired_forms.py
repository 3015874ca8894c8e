"""A form whose token is of another sign-in: refused, with a way on and with what was typed (PF11)."""

import re

import pytest
from django.test import Client

from tests.support.people import PASSWORD, enrol, sign_in
from tests.support.two_factor import pending

pytestmark = pytest.mark.django_db(transaction=True)

OWN = "http://testserver"


def strict(client=None):
    """A browser whose forms need its token."""
    browser = Client(enforce_csrf_checks=True)
    if client is not None:
        browser.cookies = client.cookies
    return browser


def token_on(response):
    return response.context["csrf_token"]


def way_on(response):
    assert response.status_code == 403
    assert re.search("This form has expired|We couldn.t accept this form", response.content.decode())
    return re.search(r'href="([^"]*)">Show the page as it is now', response.content.decode())[1]


@pytest.fixture
def stale(alice):
    """A browser with a sign-in form in one tab, in which alice has signed in in another."""
    browser = strict()
    browser.stale_token = token_on(browser.get("/session?next=/app/settings/activity"))
    fields = {"username": "alice", "password": PASSWORD, "csrfmiddlewaretoken": browser.stale_token}
    assert browser.post("/session", fields).status_code == 302
    return browser


def send(browser, path, fields, **headers):
    return browser.post(path, {"csrfmiddlewaretoken": browser.stale_token, **fields}, headers=headers)


def test_pf11_the_second_tab_leads_on_to_where_it_wanted_to_go(stale):
    fields = {"username": "alice", "password": PASSWORD, "next": "/app/settings/activity"}
    response = send(stale, "/session", fields)

    assert "You are signed in as <strong>alice</strong>" in response.content.decode()
    page = way_on(response).replace("&amp;", "&")
    assert stale.get(page)["Location"] == "/app/settings/activity"


def test_pf11_what_was_typed_is_not_lost_but_for_secrets(stale):
    fields = {
        "description": "CI of <b>acme</b>",
        "username": "dora",
        "password": "a secret pass phrase",
        "new_password": "another secret pass phrase",
        "code": "123456",
    }

    for headers in ({}, {"Origin": OWN, "Sec-Fetch-Site": "same-origin"}):
        text = send(stale, "/app/settings/tokens/create", fields, **headers).content.decode()
        assert "CI of &lt;b&gt;acme&lt;/b&gt;" in text
        assert "dora" in text
        assert "123456" not in text
        assert "secret pass phrase" not in text


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_pf11_what_another_site_sends_is_not_shown(stale, headers):
    response = send(stale, "/app/settings/tokens/create", {"description": "call 555-0143"}, **headers)

    assert way_on(response) == "/app/settings/tokens"
    assert "555-0143" not in response.content.decode()


def test_pf11_without_our_cookie_nothing_is_shown_either():
    response = Client(enforce_csrf_checks=True).post("/session", {"username": "call 555-0143"})

    assert way_on(response) == "/session"
    assert "You aren't signed in." in response.content.decode()
    assert "555-0143" not in response.content.decode()


def test_pf11_the_second_step_in_another_tab_leads_on(alice):
    app = enrol(alice)
    browser = strict(pending(alice))
    browser.stale_token = token_on(browser.get("/session/two-factor"))
    assert send(browser, "/session/two-factor", {"code": app.fresh_code()}).status_code == 302

    response = send(browser, "/session/two-factor", {"code": app.code()})

    assert browser.get(way_on(response))["Location"] == "/app"


def test_pf13_the_tick_goes_along_to_every_page_that_asks(alice):
    app = enrol(alice)
    client = pending(alice)
    ticked = 'name="remember" id="id_remember" checked'

    to_recovery = client.post("/session/two-factor-recovery", {"show": "1", "code": "", "remember": "on"})

    assert (to_recovery.status_code, to_recovery["Location"]) == (303, "/session/two-factor-recovery")
    assert ticked in client.get("/session/two-factor-recovery").content.decode()
    assert ticked in client.get("/session/two-factor").content.decode()
    back = client.post("/session/two-factor?factor=app", {"show": "1", "factor": "sms"})  # unticked there
    assert back["Location"] == "/session/two-factor?factor=app"
    assert ticked not in client.get("/session/two-factor").content.decode()
    client.post("/session/two-factor", {"code": app.wrong_code(), "remember": "on"})
    assert ticked in client.get("/session/two-factor-recovery").content.decode()
    client.post("/session/two-factor-send-sms", {"send": "sms"})
    assert ticked not in client.get("/session/two-factor").content.decode()


def test_pf13_the_buttons_send_the_form_with_the_tick(alice):
    enrol(alice)
    client = pending(alice)

    for page, other in [("two-factor", "two-factor-recovery"), ("two-factor-recovery", "two-factor")]:
        text = client.get(f"/session/{page}").content.decode()
        assert '<form class="form" id="second-step" method="post">' in text
        assert re.search(
            rf'form="second-step" formaction="/session/{other}" formnovalidate name="show"', text
        )


def test_pf13_asking_for_another_page_is_no_guess(alice):
    app = enrol(alice)
    client = pending(alice)

    for _ in range(30):
        client.post("/session/two-factor-recovery", {"show": "1", "code": "123456", "remember": "on"})
    client.post("/session/two-factor", {"code": app.fresh_code(), "remember": "on"})

    assert client.get("/app").status_code == 200
    assert "remembered" in client.cookies


def test_pf11_a_form_of_somebody_who_has_signed_out_leads_back_to_its_page(alice):
    client = sign_in(alice)
    client.post("/session/logout")

    response = client.post("/app/settings/tokens/create", {"description": "ci"})

    assert response["Location"] == "/session?next=/app/settings/tokens"
    said = client.get(response["Location"]).content.decode()
    assert "You have been signed out, so the form that you sent changed nothing." in said
    assert "the form that you sent" not in client.get("/session").content.decode()
