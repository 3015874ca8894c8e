"""What mails say: every one of them, in both halves, and nothing that somebody else has written."""

import re
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


@pytest.mark.parametrize(("door", "by"), [("admin", "a site administrator"), ("html", "bob")])
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

    assert text in html
    assert {link.partition("/app/")[0] for link in LINKS.findall(html)} == {"https://auth.example.com"}


@pytest.mark.parametrize("name", NAMES)
def test_every_address_of_this_site_is_a_link(settings, name):
    settings.SITE_URL = "https://auth.example.com"
    mail = rendered(name, enrol_url="https://auth.example.com/app/settings/two-factor?next=%2Fapp%2Facme")

    links = {link.replace("&amp;", "&") for link in LINKS.findall(mail.html)}
    assert links == set(re.findall(r"https://auth\.example\.com\S*", mail.text))
