"""Organization > Audit Trail: what concerns the organization, and nothing else of its members."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent, User
from organizations.events import Event, record
from organizations.lifecycle import delete_organization
from organizations.members import invitations, memberships
from organizations.models import Membership, Organization
from organizations.trail.entries import FOR_THE_ORGANIZATION
from organizations.trail.reading import MARGIN
from tests.api.clients import ApiClient, document
from tests.organizations.members.users_page import make_token
from tests.support import people
from tests.support.organizations import SERVER, actor_of, found, membership_of
from tests.support.pages import words_of

TRAIL = "/app/open/settings/audit-trail"
ELSEWHERE = "198.51.100.7"


def rows(page):
    """The events on a page: (what, by, to whom, from)."""
    assert page.status_code == 200
    return [(entry.sentence, entry.who, entry.to_whom, entry.ip) for entry in page.context["entries"]]


def trail(stage, query="", name="olga"):
    return rows(stage.browser(name).get(f"{TRAIL}{query}"))


def test_an_act_of_an_owner_has_all_five(stage):
    stage.browser("olga").post(
        "/app/open/settings/users/add",
        {"username": "eve"},
        REMOTE_ADDR=ELSEWHERE,
        HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    )

    page = stage.browser("olga").get(TRAIL)

    assert rows(page)[0] == ("Invited to an organization", "olga", "eve", ELSEWHERE)
    words = words_of(page)
    assert "Firefox on Linux" in words
    assert re.search(r'<time datetime="\d{4}-\d\d-\d\dT', page.content.decode())


def test_newest_first_in_the_readers_zone(stage):
    User.objects.filter(pk=stage.olga.pk).update(time_zone="Asia/Tokyo")
    stage.browser("olga").post("/app/open/settings/general", {"email": "new@open.example"})

    page = stage.browser("olga").get(TRAIL)

    first, *_rest, last = rows(page)
    assert first[0] == "Changed an organization's contact address"
    assert "from owners@example.com to new@open.example" in words_of(
        page
    ) or "to new@open.example" in words_of(page)
    assert first[2] == ""
    assert last[0] == "Created an organization"
    assert "JST" in words_of(page)


def test_who_joins_declines_and_leaves_shows_no_address(stage):
    """They act for themselves, wherever they are."""
    for name in ("eve", "root"):
        invitations.invite(Organization.objects.get(name="open"), name, actor=SERVER)
    eve = stage.browser("eve")
    accept = f"/app/settings/organizations/{membership_of(stage.eve, 'open').pk}/accept"
    decline = f"/app/settings/organizations/{membership_of(stage.root, 'open').pk}/decline"
    eve.post(accept, REMOTE_ADDR=ELSEWHERE)
    stage.browser("root").post(decline, REMOTE_ADDR=ELSEWHERE)
    eve.post("/app/open/leave", REMOTE_ADDR=ELSEWHERE)

    page = stage.browser("olga").get(TRAIL)

    assert rows(page)[:3] == [
        ("Left an organization", "eve", "", ""),
        ("Declined an invitation to an organization", "root", "", ""),
        ("Accepted an invitation to an organization", "eve", "", ""),
    ]
    assert ELSEWHERE not in page.content.decode()


def test_a_member_who_leaves_withdraws_an_invitation_without_an_address(stage):
    invitations.invite(Organization.objects.get(name="open"), "max@example.com", actor=SERVER)
    stage.browser("max").post("/app/open/leave", REMOTE_ADDR=ELSEWHERE)

    page = stage.browser("olga").get(TRAIL)

    assert ("Revoked an invitation to an organization", "max", "max@example.com", "") in rows(page)
    assert ELSEWHERE not in page.content.decode()


def test_a_member_who_deletes_their_account_has_left(stage):
    form = {"password": people.PASSWORD, "username": "max"}
    stage.browser("max").post("/app/settings/profile/delete", form, REMOTE_ADDR=ELSEWHERE)
    assert not User.objects.filter(pk=stage.max.pk).exists()

    page = stage.browser("olga").get(f"{TRAIL}?person=max")

    assert rows(page)[0] == ("Left an organization", "max", "", "")
    assert "deleted their account" in words_of(page)
    assert ELSEWHERE not in page.content.decode()


def test_nothing_of_what_members_do_in_their_accounts(stage):
    max_ = people.sign_in(stage.max, stage.apps["max"])
    max_.post("/app/settings/tokens/create", {"description": "mine", "expires": "30"}, REMOTE_ADDR=ELSEWHERE)
    people.post_password(Client(REMOTE_ADDR=ELSEWHERE), stage.max, "wrong")
    assert AuditEvent.objects.filter(ip=ELSEWHERE).exists()

    page = stage.browser("olga").get(f"{TRAIL}?person=max")

    assert {what for what, *_ in rows(page)} <= {
        "Invited to an organization",
        "Accepted an invitation to an organization",
    }
    assert ELSEWHERE not in page.content.decode()


def test_nothing_of_another_organization(stage):
    stage.browser("oscar").post("/app/fort/settings/general", {"email": "new@fort.example"})

    assert "Changed an organization's contact address" not in [what for what, *_ in trail(stage)]


def test_who_declined_an_invitation_to_an_address_stays_unknown(stage):
    """Or an owner could learn whose account has an address (D24)."""
    stage.browser("olga").post("/app/open/settings/users/add", {"username": "eve@example.com"})
    row = Membership.objects.get(email="eve@example.com")
    stage.browser("eve").post(f"/app/settings/organizations/{row.pk}/decline")

    page = stage.browser("olga").get(TRAIL)

    assert rows(page)[:2] == [
        ("Declined an invitation to an organization", "the person who was invited", "eve@example.com", ""),
        ("Invited to an organization", "olga", "eve@example.com", "127.0.0.1"),
    ]
    assert not re.search(r"\beve\b(?!@)", words_of(page))
    assert trail(stage, "?person=eve") == []
    assert len(trail(stage, "?person=EVE@example.com")) == 2


def test_no_search_says_which_site_admin_acted(stage):
    by_root = Actor(user=stage.root, ip=ELSEWHERE, user_agent="", door="admin")
    record(Event.OWNER_ADDED, Organization.objects.get(name="open"), actor=by_root, user=stage.max)

    assert trail(stage)[0][:3] == ("Made an owner of an organization", "a site admin", "max")
    assert trail(stage, "?person=root") == []


def test_programs_are_named_and_so_are_site_admins(stage):
    secret = make_token(stage, "una", "owners")
    sent = document("organization-memberships", email="new@elsewhere.example")
    place = "/organizations/open/organization-memberships"
    ApiClient(secret).post(place, sent, REMOTE_ADDR=ELSEWHERE)
    memberships.remove(
        Organization.objects.get(name="open"), membership_of(stage.mia, "open").pk, actor=SERVER
    )

    removed, invited, made = trail(stage)[:3]

    assert removed == ("Removed from an organization", "a server administrator", "mia", "")
    assert invited[1:3] == ("the team token of the owners", "new@elsewhere.example")
    assert invited[3] == ELSEWHERE
    assert made[0] == "Created a token of an organization"


def test_the_new_owner_of_a_name_does_not_see_the_events_of_the_former(stage):
    delete_organization(Organization.objects.get(name="open"), actor=SERVER)
    found("open", stage.eve)

    assert trail(stage, name="eve") == [("Created an organization", "a server administrator", "eve", "")]


def forget_ids():
    """As if a former release had recorded all events: it left the id out."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE accounts_auditevent DISABLE TRIGGER USER")
        else:
            cursor.execute("DROP TRIGGER audit_events_stay_as_they_are")
        cursor.execute("UPDATE accounts_auditevent SET subject_id = NULL")
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE accounts_auditevent ENABLE TRIGGER USER")


def test_events_of_a_former_release_are_seen_and_those_of_a_former_organization_are_not(stage):
    invitations.invite(Organization.objects.get(name="open"), "eve", actor=SERVER)
    delete_organization(Organization.objects.get(name="open"), actor=SERVER)
    again = found("open", stage.eve)
    invitations.invite(again, "olga", actor=SERVER)
    forget_ids()

    assert [(what, whom) for what, _by, whom, _ip in trail(stage, name="eve")] == [
        ("Invited to an organization", "olga"),
        ("Created an organization", "eve"),
    ]


def test_what_a_former_release_did_not_say_is_hidden(stage):
    """Whether an invitation that was declined was to an address, and whether it was one's own."""
    invitations.invite(Organization.objects.get(name="open"), "eve", actor=SERVER)
    stage.browser("eve").post(
        f"/app/settings/organizations/{membership_of(stage.eve, 'open').pk}/decline", REMOTE_ADDR=ELSEWHERE
    )
    stage.browser("olga").post("/app/open/settings/users/add", {"username": "root"})
    row = membership_of(stage.root, "open").pk
    stage.browser("olga").post(f"/app/open/settings/users/{row}/remove", REMOTE_ADDR=ELSEWHERE)
    forget_ids()

    revoked, _invited, declined, *_ = trail(stage)

    assert revoked == ("Revoked an invitation to an organization", "olga", "root", "")
    assert declined == ("Declined an invitation to an organization", "the person who was invited", "", "")
    assert not any(what.startswith("Declined") for what, *_ in trail(stage, "?person=eve"))


def test_a_clock_that_is_behind_hides_nothing(stage):
    """Of the second server, which records the first event of an organization that the first one made."""
    Organization.objects.filter(name="open").update(created_at=timezone.now() + MARGIN / 2)

    assert trail(stage)[-1][0] == "Created an organization"


# ---------------------------------------------------------------- filters


def test_by_person_finds_what_they_did_and_what_was_done_to_them(stage):
    stage.browser("olga").post(f"/app/open/settings/users/{membership_of(stage.una, 'open').pk}/unmake-owner")
    stage.browser("olga").post(f"/app/open/settings/users/{membership_of(stage.una, 'open').pk}/make-owner")
    stage.browser("una").post("/app/open/settings/users/add", {"username": "root"})

    found_ = trail(stage, "?person=UNA")

    assert found_[:3] == [
        ("Invited to an organization", "una", "root", "127.0.0.1"),
        ("Made an owner of an organization", "olga", "una", "127.0.0.1"),
        ("No longer an owner of an organization", "olga", "una", "127.0.0.1"),
    ]
    assert all("una" in (by, whom) for _what, by, whom, _ip in found_)


def test_by_kind(stage):
    assert {what for what, *_ in trail(stage, "?kind=organization.created")} == {"Created an organization"}


def test_by_days_of_the_readers_zone(stage):
    """The begin of a day in Tokyo is in the afternoon before, in UTC."""
    User.objects.filter(pk=stage.olga.pk).update(time_zone="Asia/Tokyo")
    today = datetime.now(UTC).astimezone(ZoneInfo("Asia/Tokyo")).date()
    one = timedelta(days=1)

    assert trail(stage, f"?since={today}&until={today}")
    assert trail(stage, f"?since={today + one}") == []
    assert trail(stage, f"?until={today - one}") == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("since=yesterday", "Enter a date such as 2027-03-31."),
        ("since=31.03.2027", "Enter a date such as 2027-03-31."),
        ("since=0001-01-01", "Enter a date between 2000 and 2999."),
        ("until=9999-12-31", "Enter a date between 2000 and 2999."),
        ("since=2027-03-02&until=2027-03-01", "Choose a day that isn't before “From”."),
        ("kind=login.succeeded", "Choose one of the options."),
        ("person=" + "x" * 300, "Use at most 254 characters."),
    ],
)
def test_a_filter_that_is_no_filter_is_said_and_shows_nothing(stage, query, said):
    for response in (
        stage.browser("olga").get(f"{TRAIL}?{query}"),
        stage.browser("olga").post(f"{TRAIL}/export", dict(part.split("=") for part in query.split("&"))),
    ):
        assert response.status_code == 422
        assert said in words_of(response)
        assert response.context["entries"] == []


@pytest.mark.parametrize("query", ["after=x", "after=1,2,3", "before=%00", "after=99999999999999999,1"])
def test_a_forged_cursor_is_a_bad_request(stage, query):
    assert stage.browser("olga").get(f"{TRAIL}?{query}").status_code == 400


def test_nothing_found_says_so_and_leads_back(stage):
    page = stage.browser("olga").get(f"{TRAIL}?person=nobody")

    assert "No events match these filters." in words_of(page)
    assert f'href="{TRAIL}"' in page.content.decode()


def test_pages_go_on_where_the_last_one_ended(stage):
    """Both ways, with the filters, for parts of two indexes too."""
    organization = Organization.objects.get(name="open")
    for number in range(25):
        invitations.invite(organization, f"x{number}@elsewhere.example", actor=actor_of(stage.olga))
    for query in ("", "?person=olga", "?kind=organization.member_invited"):
        browser, seen, url = stage.browser("olga"), [], f"{TRAIL}{query}"
        pages = []
        while url:
            page = browser.get(url)
            pages.append([entry.event.pk for entry in page.context["entries"]])
            seen += pages[-1]
            back, url = page.context.get("previous_url"), page.context.get("next_url")
        assert len(seen) == len(set(seen))
        assert seen == sorted(seen, reverse=True)
        assert len(seen) >= 25
        assert [entry.event.pk for entry in browser.get(back).context["entries"]] == pages[-2]


def test_it_says_how_long_events_are_kept(stage, settings):
    assert "Events are never deleted." in words_of(stage.browser("olga").get(TRAIL))


def test_every_event_is_for_the_organization_or_for_the_person():
    """A new event must say which: whether owners see from where it was done."""
    for_themselves = {
        Event.DELETED,  # nobody is left to read it
        Event.INVITATION_ACCEPTED,
        Event.INVITATION_DECLINED,
        Event.MEMBER_LEFT,
    }

    assert {*Event} - FOR_THE_ORGANIZATION == for_themselves
