"""What mails say: every one of them, in both halves, and nothing that somebody else has written."""

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest

from accounts.audit import Actor, user_agents
from accounts.models import User
from accounts.outbox.mails import circumstances, render

ROOT = Path(__file__).resolve().parents[3]
NAMES = sorted(path.name.split(".")[0] for path in (ROOT / "templates/email").glob("*.subject.txt"))
CODE = "".join(
    path.read_text() for app in ("accounts", "organizations") for path in (ROOT / app).rglob("*.py")
)

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
NOW = datetime(2027, 1, 1, tzinfo=UTC)
NASTY = "<img src=x onerror=alert(1)>"


def actor(user=None, door="html", user_agent=FIREFOX):
    return Actor(user=user, ip="203.0.113.9", user_agent=user_agent, door=door)


def rendered(name, who=None, **context):
    alice = User(pk=1, username="alice", email="alice@example.com")
    everything = {
        "user": alice,
        "actor": circumstances(who or actor(), alice),
        "address": "new@example.com",
        "token": "1.1xVmSR.signature",
        "codes_left": 3,
        "low": True,
        "method": "Application",
        "reason": NASTY,
        "organization_name": "acme",
        "organization_email": "hello@acme.example",
        "change": "unmade",
        "names": "bob",
        "number": 1,
        "owners": 2,
        "were_owners": True,
        "tokens": [{"kind": "owners", "made_by": "bob", "used_on": ""}],
        "invitations": "carol",
        "contact": "hello@acme.example",
        "inviter": "bob",
        "owner": "bob",
        "date": "2027-03-03T13:00:00+00:00",
        "level": 1,
        "enrol_url": "http://testserver/app/settings/two-factor?next=%2Fapp%2Facme",
    }
    return render(name, alice.email, everything | context)


@pytest.mark.parametrize("name", NAMES)
def test_every_mail_has_a_subject_and_the_same_text_twice(name):
    mail = rendered(name)

    assert mail.subject
    assert "\n" not in mail.subject
    assert "alice" in mail.text
    assert re.search(r"\d\d:\d\d UTC", mail.text)
    assert "Firefox on Linux" in mail.text
    words = set(re.findall(r"[a-z]{4,}", mail.text.partition("When:")[0]))
    assert [word for word in words if word not in mail.html] == []


@pytest.mark.parametrize("name", NAMES)
def test_wh_04_what_people_wrote_is_text_in_html(name):
    assert NASTY not in rendered(name, inviter=NASTY, method=NASTY).html


def test_every_mail_is_sent_by_somebody_and_every_sender_has_its_mail():
    called = set(re.findall(r'(?:notify|notify_address|broadcast)\(\s*(?:[\w.]+,\s*)?"(\w+)"', CODE))

    assert called <= set(NAMES)
    assert [name for name in NAMES if f'"{name}"' not in CODE] == []


@pytest.mark.parametrize(("door", "by"), [("admin", "a site admin"), ("html", "bob")])
def test_where_somebody_else_sits_is_not_told(door, by):
    mail = rendered("account_deactivated", actor(User(pk=2, username="bob"), door))

    assert f"By: {by}" in mail.text
    assert "203.0.113.9" not in mail.text + mail.html


def test_a_subject_is_one_line_whatever_is_in_it():
    assert "\n" not in rendered("organization_invited", organization_name="acme\nBcc: x@example.com").subject


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iOS"),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/130.0 Safari/537.36",
            "Chrome on Android",
        ),
        ("curl/8.5.0", "curl"),
        ("Click https://evil.example/ now", "an unknown browser"),
        ("", "an unknown browser"),
    ],
)
def test_browsers_are_told_in_our_own_words(user_agent, words):
    assert user_agents.describe(user_agent) == words


UNJOINED = "\u200c"
LINKS = re.compile(r'<a href="([^"]*)"')


@pytest.mark.parametrize(
    "text",
    [
        "claim-your-prize.com",
        "www.claim-your-prize.com",
        "https://claim-your-prize.com/",
        "prize@claim-your-prize.com",
        "https://auth.example.com.claim-your-prize.com/",
        "https://auth.example.com@claim-your-prize.com/",
        "https://auth.example.community/",
        "xhttps://auth.example.com/",
    ],
)
def test_what_a_stranger_wrote_is_no_link_whatever_it_looks_like(settings, text):
    settings.SITE_URL = "https://auth.example.com"
    html = rendered("organization_invited", inviter=text, reason=text, method=text).html

    assert text not in html
    assert text in html.replace(UNJOINED, "")
    assert {link.partition("/app/")[0] for link in LINKS.findall(html)} == {"https://auth.example.com"}


@pytest.mark.parametrize("name", ["account_reactivated", "account_deleted", "rights_changed"])
def test_the_support_address_can_be_copied_and_is_a_link(site, name):
    html = rendered(name, reason="help@example.community xhelp@example.com help@example.com-x.example").html

    assert LINKS.findall(html).count("mailto:help@example.com") == 1
    assert '<a href="mailto:help@example.com">help@example.com</a>' in html


@pytest.mark.parametrize("name", NAMES)
def test_every_address_of_this_site_is_a_link(settings, name):
    settings.SITE_URL = "https://auth.example.com"
    mail = rendered(name, enrol_url="https://auth.example.com/app/settings/two-factor?next=%2Fapp%2Facme")

    links = {link.replace("&amp;", "&") for link in LINKS.findall(mail.html)}
    assert links == set(re.findall(r"https://auth\.example\.com\S*", mail.text))


# ---------------------------------------------------------------- what every mail is made of

SITE = "https://auth.example.com"
LONG = "n" * 40
BUTTON = re.compile(r'<a href="([^"]*)" class="button"[^>]*>([^<]*)</a>')
ENROL = f"{SITE}/app/settings/two-factor?next=%2Fapp%2Facme"
# Mails to somebody who can't do anything about it on a page.
WITHOUT_BUTTON = {
    "account_deactivated",
    "account_deleted",
    "email_changed",
    "organization_deleted",
    "organization_member_removed",
    "rights_changed",
}
CHANGES = {
    "account_administered": [
        "deactivated",
        "reactivated",
        "two_factor_removed",
        "password_set",
        "superuser_created",
        "staff_left",
        "rights",
    ],
    "organization_owners_changed": [
        "made",
        "unmade",
        "removed",
        "left",
        "account_deleted",
        "deactivated",
        "reactivated",
        "two_factor_removed",
        "unchanged",
    ],
    "organization_owner_made": ["founded", "made"],
    "organization_owner_unmade": ["removed", "left", "unmade"],
}
# Mails about what organizations require, which is an app where text messages don't count.
OF_LEVELS = [name for name in NAMES if "two_factor" in name and name.startswith("organization_")]
EVERY = [(name, change) for name in NAMES for change in CHANGES.get(name, ["unmade"])]


@pytest.fixture
def site(settings):
    settings.SITE_URL, settings.SUPPORT_EMAIL = SITE, "help@example.com"
    settings.DEFAULT_FROM_EMAIL = "no-reply@example.com"
    return settings


@pytest.mark.parametrize(("name", "change"), EVERY)
def test_a_mail_has_one_button_at_most_and_its_address_stands_below_it_and_in_the_text(site, name, change):
    mail = rendered(name, change=change, enrol_url=ENROL)

    buttons = [(unescape(url), label) for url, label in BUTTON.findall(mail.html)]

    assert len(buttons) == (name not in WITHOUT_BUTTON)
    for url, label in buttons:
        assert url.startswith(f"{SITE}/")
        assert f"{label}:\n{url}\n" in mail.text
        assert f"{url}</a></p>" in unescape(mail.html)


@pytest.mark.parametrize(("name", "change"), EVERY)
def test_a_subject_is_short_and_begins_with_a_capital_or_a_name(name, change):
    mail = rendered(
        name,
        change=change,
        organization_name=LONG,
        person=LONG,
        names=", ".join([LONG] * 10),
        place="South Georgia and the South Sandwich Islands (GS)",
        held=12,
    )

    assert len(mail.subject) < 78
    assert mail.subject.endswith(" (and 11 more in the last hour)")
    assert mail.subject[0].isupper() or mail.subject.startswith(LONG[:5])
    assert not mail.subject.partition(" (and")[0].endswith(".")


def test_long_names_are_cut_before_what_happened():
    mail = rendered("organization_lifted_two_factor", organization_name=LONG)

    assert mail.subject == f"{LONG[:23]}… no longer requires two-factor authentication"
    assert LONG in mail.text


def test_a_subject_shows_nothing_that_is_invisible():
    assert rendered("organization_invited", organization_name="a\x07c\u202eme").subject.endswith(" to acme")


@pytest.mark.parametrize("name", NAMES)
def test_html_loads_nothing_and_says_its_language_and_colours(name):
    html = rendered(name, reason="because").html

    assert '<html lang="en' in html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert not re.search(r"<img|<link|<script|<form|url\(|@import|@font-face|src=", html)


@pytest.mark.parametrize("name", NAMES)
def test_the_line_that_mailboxes_preview_is_the_first_sentence(name):
    mail = rendered(name)
    preview = re.search(r'<div class="preheader"[^>]*>(.*?)</div>', mail.html, re.DOTALL)[1]

    first = mail.text.split("\n\n")[1]
    assert unescape(preview).replace(UNJOINED, "").split() == first.split()


@pytest.mark.parametrize("what", ["method", "names", "inviter", "person", "made_by", "invited"])
@pytest.mark.parametrize("name", NAMES)
def test_wh_04_no_mail_makes_a_link_of_a_name(name, what):
    """Programs make links of what looks like one: usernames have dots."""
    html = rendered(
        name, actor(User(pk=2, username="claim-your-prize.com")), **{what: "get-rich.example"}
    ).html

    assert not re.search(r"prize\.com|rich\.example", html)


# ---------------------------------------------------------------- what organizations require

APP = {"app_only": True, "level": 2}


def of_level(name, has=0, **context):
    """The mail to alice, who has set up what has the level `has`, in the words of one line."""
    alice = User(pk=1, username="alice", email="alice@example.com", two_factor_level=has)
    alice.two_factor_enabled_at = NOW if has else None
    mail = rendered(name, **{"user": alice, **context})
    return mail.subject, " ".join(mail.text.split())


@pytest.mark.parametrize("name", sorted(set(OF_LEVELS) - {"organization_lifted_two_factor"}))
@pytest.mark.parametrize("app_only", [True, False])
def test_mails_say_an_app_exactly_where_text_messages_do_not_count(name, app_only):
    subject, text = of_level(name, owner="", **(APP if app_only else {}))

    assert ("an authenticator app" in text) == app_only
    if name != "organization_two_factor_withdrawn":
        assert ("an authenticator app" in subject) == app_only


@pytest.mark.parametrize("name", ["organization_two_factor_date", "organization_two_factor_date_owners"])
def test_a_date_is_said_with_its_hour_in_the_zone_of_the_reader(name):
    alice = User(pk=1, username="alice", email="alice@example.com", time_zone="Europe/Berlin")

    mail = rendered(name, user=alice)

    assert "From 3 March 2027, 14:00 CET, the organization acme at TFC Auth will" in " ".join(
        mail.text.split()
    )
    assert mail.subject == "acme requires two-factor authentication from 3 March 2027"


@pytest.mark.parametrize("name", ["organization_two_factor_date_owners", "organization_two_factor_put_off"])
def test_owners_who_are_missing_themselves_are_told_and_led_in(name):
    _subject, missing = of_level(name, has=1, **APP)
    _subject, ready = of_level(name, has=2, **APP)

    assert "/app/settings/two-factor?next=/app/acme/settings/authentication" in missing
    assert "/app/settings/two-factor" not in ready
    assert "See the authentication settings of acme" in ready


@pytest.mark.parametrize(
    ("has", "context", "said"),
    [
        (0, {"required_level": 1, "date": ""}, "The organization is locked for you until you do."),
        (0, {}, "From 3 March 2027, 13:00 UTC, the organization will be locked for you until you do."),
        (0, {"date": ""}, "Two-factor authentication keeps out anybody who has your password."),
        (0, {"required_level": 1, **APP}, "The organization is locked for you until you do."),
        (1, {"required_level": 1, **APP}, "From 3 March 2027, 13:00 UTC, the organization will be locked"),
    ],
)
def test_a_reminder_says_what_happens_without_it(has, context, said):
    _subject, text = of_level("organization_two_factor_reminder", has, **context)

    assert said in text
    assert "bob, an owner of the organization acme" in text
