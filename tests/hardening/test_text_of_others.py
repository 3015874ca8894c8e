"""What people wrote is text for everybody else: members, admins, readers of mails (WH-04)."""

import pytest
from django.test import Client

from accounts.models import AuditEvent
from organizations.models import Organization
from tests.hardening.markup import ADDRESS, came_alive
from tests.support.organizations import found
from tests.support.people import PASSWORD, enrol, make_user, sign_in

pytestmark = pytest.mark.django_db

AGENT = "<img src=x onerror=alert(1)> {{7*7}} Firefox/1 Linux"
NAMES = ["<b>", "a\u202eb", "ａｌｉｃｅ", "аlice", "a b", "a@b", "{{7*7}}", "a/b", ""]
ADDRESSES = [ADDRESS, "a@exa\u202emple.com", "a@exa\u0301mple..com", "ａ@example.com", '"a\x01"@example.com']


@pytest.fixture
def people(db):
    """An owner who writes such things, a member, somebody invited, a site admin."""
    owner = make_user("owner-of-it", email=ADDRESS)
    member, root = make_user("member-of-it"), make_user("root", is_staff=True, is_superuser=True)
    organization = found("nasty", owner, members=[member])
    browsers = {
        "owner": sign_in(owner, enrol(owner), Client(headers={"User-Agent": AGENT})),
        "member": sign_in(member),
        "root": sign_in(root, enrol(root)),
    }
    browsers["owner"].post("/app/nasty/settings/users/add", {"username": "guest@example.com"})
    # No form takes such an address any more; there may be some from before.
    assert organization.memberships.filter(email="guest@example.com").update(email=ADDRESS.lower()) == 1
    Organization.objects.filter(pk=organization.pk).update(email=ADDRESS)
    return browsers


PAGES = [
    ("owner", "/app/settings/profile"),
    ("owner", "/app/settings/activity"),
    ("owner", "/app/settings/two-factor"),
    ("owner", "/app/nasty/settings/general"),
    ("owner", "/app/nasty/settings/users?status=invited"),
    ("owner", "/app/nasty/settings/users?status=invited&q=%22%3Csvg"),
    ("owner", "/app/settings/organizations"),
    ("member", "/app/nasty"),
    ("member", "/app/nasty/settings/authentication"),
    ("root", "/admin/accounts/user/"),
    ("root", "/admin/accounts/user/?q=svg"),
    ("root", "/admin/accounts/auditevent/"),
    ("root", "/admin/organizations/organization/"),
    ("root", "/admin/organizations/membership/"),
]


def test_wh_04_what_others_wrote_is_text(people):
    for who, path in PAGES:
        page = people[who].get(path)
        assert page.status_code == 200, path
        assert came_alive(page.content.decode()) == [], path


def test_wh_04_admins_see_the_address_and_the_browser_as_they_were_typed(people):
    event = AuditEvent.objects.filter(user_agent=AGENT).first()
    users = people["root"].get("/admin/accounts/user/").content.decode()
    details = people["root"].get(f"/admin/accounts/auditevent/{event.pk}/change/").content.decode()

    assert "&quot;&lt;svg/onload=alert(1)&gt;{{7*11111}}&quot;@example.com" in users
    assert "&lt;img src=x onerror=alert(1)&gt; {{7*7}}" in details


def test_wh_04_who_is_locked_out_reads_the_contact_as_text(people):
    nasty = people["owner"]
    nasty.post("/app/nasty/settings/authentication/require-two-factor")

    page = people["member"].get("/app/nasty/locked-out").content.decode()

    assert "&lt;svg/onload=alert(1)&gt;" in page
    assert came_alive(page) == []


def test_wh_04_mails_hold_text(people, mailoutbox):
    halves = [(mail.body, mail.alternatives[0].content) for mail in mailoutbox]

    assert len(halves) > 2
    assert [html for _, html in halves if came_alive(html)] == []
    assert all("\n" not in mail.subject for mail in mailoutbox)


@pytest.mark.parametrize("name", NAMES)
def test_wh_04_names_have_no_markup_and_no_lookalike_letters(db, name):
    client = sign_in(make_user("founder"))
    fields = {"username": name, "email": "a@example.com", "password": PASSWORD}

    assert Client().post("/account/new", fields).status_code == 422
    assert client.post("/app/organizations/new", {"name": name, "email": "a@example.com"}).status_code == 422


@pytest.mark.parametrize("address", ADDRESSES)
def test_wh_04_addresses_have_no_hidden_letters(db, address):
    owner = make_user("founder")
    client = sign_in(owner)
    found("plain", owner)
    fields = {"username": "somebody", "email": address, "password": PASSWORD}

    assert Client().post("/account/new", fields).status_code == 422
    assert client.post("/app/organizations/new", {"name": "second", "email": address}).status_code == 422
    assert client.post("/app/plain/settings/general", {"email": address}).status_code == 422
    assert client.post("/app/plain/settings/users/add", {"username": address}).status_code == 422
    assert client.post("/app/settings/profile/email", {"email": address}).status_code == 422
