"""Every page in every state, as a list: for pictures of all of them, and for what is checked on each.

`tests/site/test_scenes.py` compares the list with the URLconf, so that no page is forgotten.
"""

from dataclasses import dataclass
from functools import partial

from django.template.loader import render_to_string

from accounts.outbox import inbox, mails
from tests.support.environment import ROOT

SETTINGS = "/app/settings"
TWO_FACTOR = f"{SETTINGS}/two-factor"
RENDERED = "/rendered-by-the-tests"  # an address on the site that the browser answers itself

# Fields may be called "method" and "action", so the attributes are read.
SEND = """([action, fields]) => {
    const names = Object.keys(fields);
    const form = [...document.querySelectorAll("form")].findLast(form =>
        (form.getAttribute("method") ?? "").toLowerCase() === "post"
        && new URL(form.getAttribute("action") || location.pathname, location).pathname.endsWith(action)
        && names.every(name => form.elements[name]));
    if (!form) throw new Error(`no form to "${action}" with ${names} on ${location.pathname}`);
    for (const [name, value] of Object.entries(fields)) {
        const field = form.elements[name];
        if (field.type !== "checkbox") field.value = value;
        else if (field.checked !== value) field.click();
    }
    form.noValidate = true;
    form.requestSubmit();
}"""
DISABLE = "/admin/accounts/user/{user}/act/disable-two-factor/"
OPEN = "document.querySelectorAll('main details').forEach(details => details.open = true)"
# A long address, two that are the same, a mistake, and somebody who has an invitation.
LISTED = (
    "Ada Lovelace <ada@example.org>, ADA@example.org\nnot@an@address\ninvited-01@a-long-name.example\n"
    "somebody-with-a-long-local-part-which-does-not-end-soon@a-department.of-a-company.example\n"
)
EMAIL = ROOT / "templates" / "email"


@dataclass(frozen=True)
class Scene:
    name: str
    who: str  # what a browser of tests/support/stage.py or crawl_people.py is called
    path: str
    act: object = None  # what is done to the page that was opened
    html: str = ""  # what the browser shows at `path`, if it is not the site that answers


def send(action, **fields):
    """Send the form to an address that ends so, with these fields, and without the browser's own checks."""

    def act(page):
        with page.expect_navigation():
            page.evaluate(SEND, [action, fields])

    return act


def follow(link):
    """Follow the last link that this selector finds."""

    def act(page):
        with page.expect_navigation():
            page.locator(link).last.click()

    return act


def open_all(page):
    """Open every disclosure."""
    page.evaluate(OPEN)


def open_menu(page, which):
    page.locator(f".topbar .menu > summary >> nth={which}").click()


switcher, user_menu = partial(open_menu, which=0), partial(open_menu, which=-1)


def row_menu(page):
    page.locator(".row-menu > summary").nth(2).click()


def focused(page):
    page.keyboard.press("Tab")


ENTRANCE = [
    Scene("sign-in", "anonymous", "/session"),
    Scene("sign-in, to a page", "anonymous", "/session?next=/app/settings/tokens"),
    Scene("sign-in, wrong password", "anonymous", "/session", send("", username="alice", password="wrong")),
    Scene("sign-in, nothing entered", "anonymous", "/session", send("")),
    Scene("skip link", "anonymous", "/docs", focused),
    Scene("sign-up", "anonymous", "/account/new"),
    Scene(
        "sign-up, mistakes", "anonymous", "/account/new", send("", username="a b", email="x", password="x")
    ),
    Scene("forgotten password", "anonymous", "/account/password/forgot"),
    Scene("forgotten password, mistake", "anonymous", "/account/password/forgot", send("", email="x")),
    Scene(
        "forgotten password, sent", "anonymous", "/account/password/forgot", send("", email="x@example.com")
    ),
    Scene("new password, bad link", "anonymous", "/account/password/reset"),
    Scene("new password", "resetting", "/account/password/reset"),
    Scene("second step", "pending", "/session/two-factor"),
    Scene("second step, wrong code", "pending", "/session/two-factor", send("", code="000000")),
    Scene("second step, text", "texted", "/session/two-factor"),
    Scene("recovery code", "pending", "/session/two-factor-recovery"),
    Scene(
        "recovery code, wrong", "pending", "/session/two-factor-recovery", send("", code="AAAAA-0000-AAAA")
    ),
    Scene("confirm address", "newcomer", "/account/confirm"),
    Scene("confirm address, mistake", "newcomer", "/account/confirm", send("/correct", email="x")),
    Scene("confirm address, from the link", "confirming", "/account/confirm"),
    Scene("proof by password", "locked_out", f"/session/sudo?next={SETTINGS}/password"),
    Scene("proof by password, wrong", "locked_out", "/session/sudo", send("", password="wrong")),
    Scene("proof by code", "expired", f"/session/sudo?next={SETTINGS}/password"),
    Scene("guide", "anonymous", "/docs"),
    Scene("guide, two-factor", "fresh", "/docs/two-factor"),
    Scene("guide, tables", "anonymous", "/docs/api"),
]
ACCOUNT = [
    Scene("start, newcomer", "newcomer", "/app"),
    Scene("start, nothing there", "fresh", "/app"),
    Scene("start, one", "alone", "/app"),
    Scene("start, invited", "outsider", "/app"),
    Scene("start, one locked out", "locked_out", "/app"),
    Scene("start, many", "many", "/app"),
    Scene("menu, organizations", "many", "/app", switcher),
    Scene("menu, organizations, none", "fresh", "/app", switcher),
    Scene("menu, organizations, locked out", "locked_out", "/app", switcher),
    Scene("menu, user", "many", "/app", user_menu),
    Scene("menu, site admin", "staff", "/app", user_menu),
    Scene("profile", "many", f"{SETTINGS}/profile"),
    Scene("profile, newcomer", "newcomer", f"{SETTINGS}/profile"),
    Scene("time zone", "fresh", f"{SETTINGS}/profile/time-zone"),
    Scene("profile, mistake", "fresh", f"{SETTINGS}/profile", send("/email", email="x")),
    Scene("delete account", "fresh", f"{SETTINGS}/profile/delete"),
    Scene(
        "delete account, wrong password", "fresh", f"{SETTINGS}/profile/delete", send("/delete", password="x")
    ),
    Scene("delete account, last owner", "alone", f"{SETTINGS}/profile/delete"),
    Scene("sessions, one", "fresh", f"{SETTINGS}/sessions"),
    Scene("sessions, remembered", "member", f"{SETTINGS}/sessions", open_all),
    Scene("sessions, many", "many", f"{SETTINGS}/sessions", open_all),
    Scene("my organizations, none", "fresh", f"{SETTINGS}/organizations"),
    Scene("my organizations, invited", "outsider", f"{SETTINGS}/organizations", open_all),
    Scene("my organizations, many", "many", f"{SETTINGS}/organizations", open_all),
    Scene("my invitations, none", "fresh", f"{SETTINGS}/organizations/invitations"),
    Scene("my invitations", "outsider", f"{SETTINGS}/organizations/invitations"),
    Scene("my invitations, behind the last", "fresh", f"{SETTINGS}/organizations/invitations?page=2"),
    Scene("password", "fresh", f"{SETTINGS}/password"),
    Scene("password, mistakes", "fresh", f"{SETTINGS}/password", send("")),
    Scene("two-factor, off", "fresh", TWO_FACTOR),
    Scene("two-factor, unconfirmed address", "newcomer", TWO_FACTOR),
    Scene("two-factor, mistake", "fresh", TWO_FACTOR, send("/enable", method="sms", phone_number="12")),
    Scene("two-factor, set-up", "setting_up", f"{TWO_FACTOR}/confirm"),
    Scene("two-factor, set-up, wrong code", "setting_up", f"{TWO_FACTOR}/confirm", send("", code="000000")),
    Scene("two-factor, phone set-up", "adding_phone", f"{TWO_FACTOR}/confirm"),
    Scene("two-factor, new codes", "keeping", f"{TWO_FACTOR}/codes"),
    Scene("two-factor, codes gone", "many", f"{TWO_FACTOR}/codes"),
    Scene("two-factor, on", "many", TWO_FACTOR, open_all),
    Scene("two-factor, on, both", "with_phone", TWO_FACTOR, open_all),
    Scene("two-factor, on, by text", "by_text", TWO_FACTOR, open_all),
    Scene("two-factor, revealed codes", "with_phone", TWO_FACTOR, send("/reveal-codes")),
    Scene("two-factor, replace", "with_phone", f"{TWO_FACTOR}/app/replace"),
    Scene("two-factor, replace phone", "with_phone", f"{TWO_FACTOR}/sms/replace"),
    Scene(
        "two-factor, replace phone, mistake",
        "with_phone",
        f"{TWO_FACTOR}/sms/replace",
        send("", phone_number="1"),
    ),
    Scene("two-factor, disable", "member", f"{TWO_FACTOR}/disable"),
    Scene("two-factor, disable, refused", "many", f"{TWO_FACTOR}/disable"),
    Scene("tokens, none", "fresh", f"{SETTINGS}/tokens"),
    Scene("tokens, for terraform login", "fresh", f"{SETTINGS}/tokens?source=terraform-login"),
    Scene("tokens, mistake", "fresh", f"{SETTINGS}/tokens", send("/create", description="x" * 300)),
    Scene("tokens, new one", "member", f"{SETTINGS}/tokens", send("/create", description="laptop")),
    Scene("tokens, many", "many", f"{SETTINGS}/tokens", open_all),
    Scene("activity, little", "fresh", f"{SETTINGS}/activity"),
    Scene("activity", "many", f"{SETTINGS}/activity"),
]
ORGANIZATIONS = [
    Scene("new organization", "fresh", "/app/organizations/new"),
    Scene("new organization, mistakes", "fresh", "/app/organizations/new", send("", name="a b", email="x")),
    Scene("invitation, none", "fresh", "/app/invitations"),
    Scene("organization", "many", "/app/{long}"),
    Scene("organization, member", "member", "/app/open"),
    Scene("menu, one organization", "many", "/app/{long}", switcher),
    Scene("locked out", "locked_out", "/app/fort/locked-out"),
    Scene("leave", "member", "/app/open/leave"),
    Scene("leave, last owner", "alone", "/app/alone/leave"),
    Scene("general", "many", "/app/{long}/settings/general", open_all),
    Scene("general, mistake", "many", "/app/{long}/settings/general", send("/general", email="x")),
    Scene("delete organization", "many", "/app/{long}/settings/general/delete"),
    Scene("delete organization, mistake", "many", "/app/{long}/settings/general/delete", send("/delete")),
    Scene("users, one", "alone", "/app/alone/settings/users"),
    Scene("users, few", "owner", "/app/open/settings/users", open_all),
    Scene("users, many", "many", "/app/{long}/settings/users"),
    Scene("users, next page", "many", "/app/{long}/settings/users", follow("[rel=next]")),
    Scene("users, menu of a row", "many", "/app/{long}/settings/users", row_menu),
    Scene("invite a user", "many", "/app/{long}/settings/users/invite"),
    Scene("invite many, nothing", "alone", "/app/alone/settings/users/invite", send("/preview")),
    Scene("invite many, lists", "owner", "/app/open/settings/users/invite"),
    Scene("invite many, check", "many", "/app/{long}/settings/users/invite", send("/preview", people=LISTED)),
    Scene("list of invitations, running", "owner", "/app/open/settings/users/invite/batches/{running}"),
    Scene("list of invitations, stopped", "owner", "/app/open/settings/users/invite/batches/{stopped}"),
    Scene("users, without two-factor", "many", "/app/{long}/settings/users?without_two_factor=on"),
    Scene("users, nobody found", "many", "/app/{long}/settings/users?q=zzz"),
    Scene(
        "users, invite, mistake", "many", "/app/{long}/settings/users", send("/add", username="nobody here")
    ),
    Scene("users, invited", "many", "/app/{long}/settings/users?status=invited", open_all),
    Scene("users, none invited", "alone", "/app/alone/settings/users?status=invited"),
    Scene("remove member", "owner", "/app/open/settings/users/{max}/remove"),
    Scene("make member an owner", "owner", "/app/open/settings/users/{max}/make-owner"),
    Scene("make owner a member", "owner", "/app/open/settings/users/{una}/unmake-owner"),
    Scene("authentication, off", "owner", "/app/open/settings/authentication"),
    Scene("authentication, on", "many", "/app/{long}/settings/authentication"),
    Scene("require two-factor", "owner", "/app/open/settings/authentication/require-two-factor"),
    Scene(
        "require an application", "owner", "/app/open/settings/authentication/require-two-factor?methods=app"
    ),
    Scene(
        "require from a date, mistake",
        "owner",
        "/app/open/settings/authentication/require-two-factor",
        send("/schedule", date="2001-01-01", hour="9"),
    ),
    Scene("require from a date", "dated", "/app/dated/settings/authentication"),
    Scene("require from a date, change", "dated", "/app/dated/settings/authentication/require-two-factor"),
    Scene("require from a date, withdraw", "dated", "/app/dated/settings/authentication/withdraw"),
    Scene("date, put off", "put_off", "/app/put-off/settings/authentication", open_all),
    Scene("date, member", "dated_member", "/app/dated/settings/authentication"),
    Scene("date, member, organization", "dated_member", "/app/dated"),
    Scene("start, date", "dated_member", "/app"),
    Scene("without two-factor", "owner", "/app/open/settings/authentication/rehearsal"),
    Scene("without two-factor, many", "many", "/app/{long}/settings/authentication/rehearsal?methods=app"),
    Scene("without two-factor, nobody", "app_owner", "/app/strict/settings/authentication/rehearsal"),
    Scene("authentication, applications only", "app_owner", "/app/strict/settings/authentication"),
    Scene(
        "accept text messages",
        "app_owner",
        "/app/strict/settings/authentication/require-two-factor?methods=any",
    ),
    Scene("locked out, text messages only", "texts_only", "/app/strict/locked-out"),
    Scene("two-factor, on, an application is required", "texts_only", f"{TWO_FACTOR}?next=/app/strict"),
    Scene("two-factor, remove", "with_phone", f"{TWO_FACTOR}/app/remove"),
    Scene("evidence", "owner", "/app/open/settings/authentication/evidence"),
    Scene("disable two-factor", "many", "/app/{long}/settings/authentication/disable-two-factor"),
    Scene("authentication, member", "member", "/app/open/settings/authentication"),
    Scene(
        "authentication, user sessions, mistake",
        "many",
        "/app/{long}/settings/authentication",
        send("/user-sessions", session_timeout_default=False, session_timeout="1"),
    ),
    Scene("organization tokens, none", "many", "/app/{long}/settings/authentication-tokens"),
    Scene("organization tokens", "owner", "/app/open/settings/authentication-tokens", open_all),
    Scene(
        "organization tokens, new one",
        "many",
        "/app/{long}/settings/authentication-tokens",
        send("/owners/create", expires="90"),
    ),
    Scene("personal tokens", "owner", "/app/open/settings/authentication-tokens/personal"),
    Scene("leave, the only owner", "many", "/app/{long}/leave"),
    Scene("leave, the only owner, mistake", "many", "/app/{long}/leave", send("/leave", successor="nobody")),
    Scene("audit trail", "owner", "/app/open/settings/audit-trail"),
    Scene("audit trail, many", "many", "/app/{long}/settings/audit-trail"),
    Scene("audit trail, next page", "many", "/app/{long}/settings/audit-trail", follow("[rel=next]")),
    Scene("audit trail, nothing found", "owner", "/app/open/settings/audit-trail?person=nobody"),
    Scene("audit trail, mistake", "owner", "/app/open/settings/audit-trail?since=yesterday"),
    Scene("personal tokens, refused", "owner", "/app/fort/settings/authentication-tokens/personal"),
]
ADMIN = [
    Scene("admin", "staff", "/admin/"),
    Scene("admin, accounts", "staff", "/admin/accounts/"),
    Scene("admin, not staff", "fresh", "/admin/"),
    Scene("admin, users", "staff", "/admin/accounts/user/"),
    Scene("admin, user", "staff", "/admin/accounts/user/{owner}/change/"),
    Scene("admin, user, history", "staff", "/admin/accounts/user/{owner}/history/"),
    Scene("admin, user, sessions", "staff", "/admin/accounts/user/{owner}/sessions/"),
    Scene("admin, user, tokens", "staff", "/admin/accounts/user/{owner}/tokens/"),
    Scene("admin, not allowed", "staff", "/admin/accounts/user/add/"),
    Scene("admin, disable two-factor, mistake", "staff", DISABLE, send("/disable-two-factor/")),
    Scene("admin, change rights", "staff", "/admin/accounts/user/{user}/act/rights/"),
    Scene("admin, disable two-factor", "staff", DISABLE),
    Scene("admin, invitations", "staff", "/admin/accounts/siteinvitation/"),
    Scene("admin, invite people", "staff", "/admin/accounts/siteinvitation/invite/"),
    Scene("admin, deactivate", "staff", "/admin/accounts/user/{sole}/act/deactivate/"),
    Scene(
        "admin, deactivate, mistake",
        "staff",
        "/admin/accounts/user/{sole}/act/deactivate/",
        send("/act/deactivate/", reason="x"),
    ),
    Scene("admin, events", "staff", "/admin/accounts/auditevent/"),
    Scene("admin, destinations", "staff", "/admin/factor_sms/destination/"),
    Scene("admin, pause a destination", "staff", "/admin/factor_sms/destination/pause/"),
    Scene("admin, organizations", "staff", "/admin/organizations/organization/"),
    Scene("admin, memberships", "staff", "/admin/organizations/membership/"),
]
IN_PLACE = [
    Scene("error, not found", "anonymous", "/nowhere"),
    Scene("error, not found, signed in", "many", "/app/nowhere-at-all"),
    Scene("error, not for members", "member", "/app/open/settings/users"),
]
WRITTEN = [
    inbox.StoredMail("alice@example.com", "A subject", None, "A text.\n\nAnd a link: https://example.com/x")
]


def errors():
    """Return a scene for each error page, rendered without a request as for an error of the server."""
    names = sorted(path.name for path in (ROOT / "templates" / "errors").glob("*.html"))
    return [
        Scene(
            f"error {name}",
            "anonymous",
            RENDERED,
            html=render_to_string(f"errors/{name}", {"site_url": "/", "url": "https://auth.example.com/app"}),
        )
        for name in names
    ]


def inboxes():
    pages = {"none": [], "some": WRITTEN}
    return [
        Scene(
            f"inbox, {name}",
            "anonymous",
            RENDERED,
            html=render_to_string("accounts/dev_outbox.html", {"mails": found}),
        )
        for name, found in pages.items()
    ]


SAID = {
    "user": {"username": "alice"},
    "actor": {"by": "you", "ip": "192.0.2.1", "browser": "Firefox on Linux"},
    "organization_name": "acme",
    "organization_email": "hello@acme.example",
    "names": "bob",
    "name": "bob",
    "person": "bob",
    "successor": "carol",
    "inviter": "bob",
    "reason": "Asked on the phone",
    "number": 2,
    "owners": 2,
    "codes_left": 2,
    "low": True,
    "token": "MTIz.made-up",
    "change": "made",
    "address": "new@example.com",
    "description": "laptop",
    "owner": "bob",
    "date": "2027-03-03T13:00:00+00:00",
    "level": 1,
    "enrol_url": "https://auth.example.com/app/settings/two-factor",
}


def letters():
    """Return a scene for each mail, as HTML."""
    names = sorted(path.name.removesuffix(".subject.txt") for path in EMAIL.glob("*.subject.txt"))
    return [
        Scene(f"mail, {name}", "anonymous", RENDERED, html=mails.render(name, "a@b.example", SAID).html)
        for name in names
    ]


def every_scene():
    return [*ENTRANCE, *ACCOUNT, *ORGANIZATIONS, *IN_PLACE, *errors(), *inboxes(), *ADMIN, *letters()]
