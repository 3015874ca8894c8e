"""Attacks that need a real browser: going back and forth, forged answers, other sites."""

import re
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Error, expect

from tests.support.people import PASSWORD, TWO_FACTOR, enrol
from tests.support.two_factor import CHALLENGE, HOME, events_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CONFIRM = f"{TWO_FACTOR}/confirm"


@pytest.fixture
def person(live_site, page, alice):
    """alice in front of a browser: enrolled, at the second step, with her app in her hand."""
    alice.app = enrol(alice)
    page.goto("/session")
    page.get_by_label("Username or email").fill("alice")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{CHALLENGE}")
    return alice


def give_code(page, code):
    page.get_by_label("Authentication code").fill(code)
    page.get_by_role("button", name="Verify").click()


def sign_in(page, person):
    give_code(page, person.app.fresh_code())
    page.wait_for_url("**/app")


def sign_out(page):
    page.locator("summary", has_text="User menu").click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/session")


def is_locked(page):
    """Whatever the browser shows, the server denies."""
    return [page.request.get(path).url.partition("?")[0] for path in ("/app", HOME, "/app/settings/profile")]


def test_lg_25_back_forward_and_reload_repeat_nothing(page, person, live_site):
    sign_in(page, person)
    before = events_of(person)

    page.go_back()
    page.go_forward()
    page.reload()

    assert page.url == f"{live_site.url}/app"
    assert events_of(person) == before
    sign_out(page)
    for step in (page.go_back, page.go_back, page.reload, page.go_forward):
        step()
        assert "Signed in as" not in page.content()
    assert set(is_locked(page)) == {f"{live_site.url}/session"}
    assert events_of(person).count("login.succeeded") == before.count("login.succeeded")


def test_lg_25_sending_the_right_code_again_logs_nobody_in(page, person, live_site):
    code = person.app.fresh_code()
    give_code(page, code)
    page.wait_for_url("**/app")
    sign_out(page)
    page.goto("/session")
    page.get_by_label("Username or email").fill("alice")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    give_code(page, code)
    refusal = page.get_by_text("This code has already been used.")
    refusal.wait_for()
    with page.expect_request(lambda request: request.method == "POST"):
        page.reload()  # sends the same again

    refusal.wait_for()
    assert set(is_locked(page)) == {f"{live_site.url}/session"}


@pytest.mark.parametrize(
    "forged",
    [
        {"status": 302, "headers": {"Location": "/app"}},
        {"status": 200, "json": {"success": True, "verified": True}},
        {
            "status": 200,
            "content_type": "text/html",
            "body": "<h1>Signed in as alice</h1><a href='/app'>Go on</a>",
        },
    ],
    ids=["redirect", "json", "page"],
)
def test_lg_27_a_forged_answer_opens_nothing(page, person, live_site, forged):
    def answer(route):
        if route.request.method != "POST":
            return route.continue_()
        assert route.fetch(max_redirects=0).status == 422
        return route.fulfill(**forged)

    page.route(f"**{CHALLENGE}", answer)
    give_code(page, person.app.wrong_code())
    page.unroute(f"**{CHALLENGE}")

    page.goto("/app")
    assert page.url.startswith(f"{live_site.url}/session?")
    assert set(is_locked(page)) == {f"{live_site.url}/session"}
    assert "login.succeeded" not in events_of(person)[events_of(person).index("two_factor.enabled") :]


def test_en_09_setting_up_asks_no_other_host(page, live_site, bob):
    hosts = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto("/session")
    page.get_by_label("Username or email").fill("bob")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.goto(HOME)
    page.get_by_label("Application", exact=True).check()
    page.get_by_role("button", name="Enable 2FA").click()
    page.wait_for_load_state("networkidle")

    page.locator(".qr svg").wait_for()
    assert hosts == {live_site.url.split("/")[2]}


def test_bc_09_going_back_after_signing_out_shows_no_codes(page, person, live_site):
    sign_in(page, person)
    page.goto(HOME)
    page.get_by_role("button", name="Reveal codes").click()
    any_code = re.compile("|".join(person.app.codes))
    expect(page.locator("html")).to_contain_text(any_code)
    sign_out(page)

    for _ in range(3):
        with suppress(Error):  # a page that answered a POST: the browser asks before it sends that again
            page.go_back()
        expect(page.locator("html")).not_to_contain_text(any_code)
    assert set(is_locked(page)) == {f"{live_site.url}/session"}


class EvilPage(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.server.html.encode())

    def log_message(self, *args):
        pass


@pytest.fixture
def lure(page):
    """lure(html): the browser is on a page of another origin; its port differs, so the cookies come along."""
    with ThreadingHTTPServer(("127.0.0.1", 0), EvilPage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def go(html):
            server.html = html
            page.goto(f"http://127.0.0.1:{server.server_port}/")

        yield go
        server.shutdown()


def test_di_03_a_form_of_another_site_disables_nothing(page, person, live_site, lure):
    sign_in(page, person)

    with page.expect_response(f"**{TWO_FACTOR}/disable") as answered:
        lure(
            f"<form method=post action='{live_site.url}{TWO_FACTOR}/disable'>"
            f"<input name=password value='{PASSWORD}'></form><script>document.forms[0].submit()</script>",
        )

    assert "session=" in answered.value.request.all_headers()["cookie"]  # same site: it came along
    assert answered.value.status == 403
    person.refresh_from_db()
    assert person.is_enrolled


def test_di_04_a_frame_of_another_site_shows_nothing(page, person, live_site, lure):
    sign_in(page, person)

    framed = f"{live_site.url}{TWO_FACTOR}/disable"
    with page.expect_event("requestfailed", lambda request: request.url == framed) as refused:
        lure(f"<iframe src='{framed}'></iframe>")
    page.wait_for_load_state("networkidle")

    assert refused.value.failure == "net::ERR_BLOCKED_BY_RESPONSE"
    [frame] = page.frames[1:]
    assert "Disable 2FA" not in frame.content()
