"""What site admins read: our words, how an account stands, and the way to what belongs to it."""

import re
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor, Event, record
from accounts.factors.base import MOST_FAILURES
from accounts.factors.sms.models import Destination, Purpose
from accounts.factors.totp.models import TOTPDevice
from accounts.models import ApiToken, AuditEvent, User
from accounts.web.admin_parts import FlatPaginator
from organizations.models import Membership, Organization
from tests.accounts.users.admin_site import AUDIT_EVENTS, USERS, admin_page
from tests.support.organizations import found, join, require
from tests.support.people import enrol, make_staff, make_user, post_password, sign_in
from tests.support.statements import sent, statements

pytestmark = pytest.mark.django_db(transaction=True)

ORGANIZATIONS = "/admin/organizations/organization/"
MEMBERSHIPS = "/admin/organizations/membership/"
PAUSES = "/admin/factor_sms/destination/"


@pytest.fixture
def acme(alice, bob, transactional_db):
    enrol(alice)
    return found("acme", alice, members=[bob])


def desk(*permissions):
    return staff_of("desk", *permissions)


def staff_of(name, *permissions):
    staff = make_staff(name, *permissions)
    return sign_in(staff, enrol(staff))


def text_of(client, path):
    response = client.get(path)
    assert response.status_code == 200, path
    return text_of_answer(response)


def text_of_answer(response):
    main = response.content.decode().partition("<main")[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


# ---------------------------------------------------------------- words

STOCK = [
    "Select .* to (change|view)",
    r"View (user|audit event|organization|membership)\b",
    "Django",
    "Site administration",
    "Welcome,",
    "View site",
    "Start typing",
    "Recent actions",
    "My actions",
    "change history",
    "Perhaps it was deleted",
    "Please correct",
    r"\bAdd (user|organization)",
    "Models in the",
    "(Accounts|Organizations) administration",
    r"\bBy (is|email|two|door|status)",
    "Show counts",
    "Toggle",
    "None available",
    "permission to view or edit",
    "Auth policy",
    r">\s*Is (active|staff|owner)\s*<",
    r"\bEmpty\b|Not empty",
]


def places(person, organization):
    paused = Destination.objects.create(
        key="US", country="US", purpose=Purpose.SET_UP, paused_at=timezone.now(), reason="fraud"
    )
    event = AuditEvent.objects.filter(user_id=person.pk).latest("pk")
    yield from ["/admin/", "/admin/accounts/", "/admin/organizations/", "/admin/factor_sms/"]
    for shown, record_of in {
        USERS: person,
        AUDIT_EVENTS: event,
        ORGANIZATIONS: organization,
        MEMBERSHIPS: Membership.objects.get(user=person),
        PAUSES: paused,
    }.items():
        yield from [shown, f"{shown}{record_of.pk}/change/", f"{shown}{record_of.pk}/history/"]
        yield from [f"{shown}99999/change/", f"{shown}?q=nothing-like-it"]
    yield from (
        f"{USERS}{person.pk}/{page}/" for page in ("sessions", "tokens", "act/deactivate", "act/rights")
    )
    yield from [f"{PAUSES}pause/", f"{PAUSES}{paused.pk}/lift/"]


def test_no_page_speaks_in_the_sentences_of_django(admin, bob, acme):
    record(Event.LOGOUT, actor=Actor.command(), subject="user:bob", user=bob)
    for path in places(bob, acme):
        response = admin.get(path, follow=True)
        text = re.sub(r"<(script|link)\b[^>]*>", "", response.content.decode())
        assert response.status_code == 200, path
        assert [words for words in STOCK if re.search(words, text)] == [], path
        assert re.search(r"<title>[^<]+ · Site admin · TFC Auth</title>", text), path
        assert text.count("<h1") == 1, path


def test_refusals_speak_in_our_words_too(acme, bob):
    client = desk("accounts.view_user")

    response = client.get(AUDIT_EVENTS)

    assert response.status_code == 403
    assert "ask a superuser of this site" in response.content.decode()
    assert client.get(f"{USERS}add/").status_code == 403


def test_a_record_that_is_gone_leads_to_its_list(admin):
    response = admin.get(f"{ORGANIZATIONS}99999/change/", follow=True)

    assert response.redirect_chain == [(ORGANIZATIONS, 302)]
    assert "There is no such organization. It may have been deleted." in response.content.decode()


def test_an_address_that_asks_for_no_list_says_so(admin):
    for query in ("is_active__exact=x", "is_active__exact=x&e=1"):
        page = text_of_answer(admin.get(f"{USERS}?{query}", follow=True))

        assert "asks for a filter, an order or a page that doesn't exist" in unescape(page), query
        assert "database" not in page.lower()


def test_empty_lists_say_so(admin):
    assert "Nothing is paused." in text_of(admin, PAUSES)
    assert "No organizations yet." in text_of(admin, ORGANIZATIONS)
    assert "Nothing matches." in text_of(admin, f"{USERS}?q=nobody-like-this")


# ---------------------------------------------------------------- how an account stands


def test_the_page_of_a_newcomer(admin, alice):
    text = text_of(admin, admin_page(alice))

    for words in ["Active", "Confirmed", "Off", "Not limited", "None on record", "No organization"]:
        assert words in text
    assert "alice isn't in any organization" in text.replace("&#x27;", "'")


def test_it_says_since_when_two_factor_is_on_and_with_what(admin, alice):
    enrol(alice)

    text = text_of(admin, admin_page(alice))

    assert re.search(r"On since \d+ \w+ \d{4}, \d\d:\d\d UTC", text)
    assert "Methods: Application" in text
    assert "backup code" not in text  # nobody else learns how many are left (BC-15)


def test_it_says_that_a_device_is_out_of_use(admin, alice):
    enrol(alice)
    TOTPDevice.objects.filter(user=alice).update(failures=MOST_FAILURES, set_aside_at=timezone.now())

    assert "Application: out of use after 100 wrong codes" in text_of(admin, admin_page(alice))


def test_it_says_until_when_wrong_passwords_close_the_account(admin, alice):
    for _ in range(9):
        post_password(Client(), alice, "wrong")
    assert "Not limited" in text_of(admin, admin_page(alice))
    post_password(Client(), alice, "wrong")

    assert re.search(r"Wrong passwords: no more attempts until .* UTC", text_of(admin, admin_page(alice)))


def test_it_says_which_organizations_are_closed_and_to_whom(admin, acme, bob):
    require(acme)

    text = text_of(admin, admin_page(bob))

    assert re.search(r"Locked out of\s+acme\s+These require two-factor", text)
    enrol(bob)
    assert re.search(r"Locked out of\s+No organization", text_of(admin, admin_page(bob)))


def test_names_of_organizations_are_for_those_who_may_see_memberships(acme, bob):
    require(acme)

    text = text_of(desk("accounts.view_user"), admin_page(bob))

    assert "acme" not in text
    assert re.search(r"Locked out of\s+1 organization", text)


def test_it_says_that_nobody_can_sign_in(admin, alice):
    User.objects.filter(pk=alice.pk).update(is_active=False)

    assert re.search(r"Deactivated\s+Nobody can sign in", text_of(admin, admin_page(alice)))


def test_it_says_which_address_waits(admin):
    person = make_user("person", email_confirmed_at=None, unconfirmed_email="later@example.com")

    text = text_of(admin, admin_page(person))

    assert "Not confirmed" in text
    assert "Waiting for confirmation: later@example.com" in text


def test_each_action_says_what_happens_and_none_is_offered_on_ones_own_account(admin, root, alice):
    assert "Nobody can sign in to the account until it&#x27;s reactivated." in text_of(
        admin, admin_page(alice)
    )
    own = text_of(admin, admin_page(root))
    assert "This is your own account." in text_of(admin, f"{USERS}{root.pk}/act/deactivate/")

    assert "This is your own account." in own
    assert "Deactivate" not in own


# ---------------------------------------------------------------- ways


def test_from_a_person_to_what_belongs_to_them_and_back(admin, acme, bob):
    sign_in(bob)
    ApiToken.objects.create(owner=bob, token_hash="x" * 64, description="CI of acme")
    page = admin.get(admin_page(bob)).content.decode()

    for path in [
        f"{USERS}{bob.pk}/sessions/",
        f"{USERS}{bob.pk}/tokens/",
        f"{AUDIT_EVENTS}?user_id={bob.pk}",
        f"{ORGANIZATIONS}{acme.pk}/change/",
        f"{MEMBERSHIPS}{Membership.objects.get(user=bob).pk}/change/",
    ]:
        assert f'href="{path}"' in page, path
        back = admin.get(path)
        assert back.status_code == 200
        assert admin_page(bob) in back.content.decode() or "organization" in path or "?" in path
    assert ApiToken.objects.get(owner=bob).public_id in text_of(admin, f"{USERS}{bob.pk}/tokens/")
    assert "Password only" in text_of(admin, f"{USERS}{bob.pk}/sessions/")


def test_from_an_organization_to_its_people(admin, acme, alice, bob):
    Membership.objects.create(
        organization=acme, email="guest@example.com", expires_at=timezone.now() + timezone.timedelta(days=7)
    )
    page = admin.get(f"{ORGANIZATIONS}{acme.pk}/change/").content.decode()
    links = dict(re.findall(r'<a href="([^"]+)">(Members|Owners|Invitations|Audit events)</a>', page))
    shown = {name: text_of(admin, path.replace("&amp;", "&")) for path, name in links.items()}

    assert "alice" in shown["Members"]
    assert "bob" in shown["Members"]
    assert "guest@example.com" not in shown["Members"]
    assert "bob" not in shown["Owners"]
    assert "guest@example.com" in shown["Invitations"]
    assert "Created an organization" in shown["Audit events"]
    assert "Only people in the organization acme." in shown["Members"]


def test_a_link_names_nothing_that_the_admin_may_not_see(acme, bob):
    people = f"{MEMBERSHIPS}?user={bob.pk}"
    inside = f"{MEMBERSHIPS}?organization={Organization.objects.get().pk}"
    members = desk("organizations.view_membership")
    both = staff_of("both", "organizations.view_membership", "accounts.view_user")

    assert "Only memberships of" not in text_of(members, people)
    assert "Only people of" not in text_of(members, inside)
    assert "Only memberships of bob." in text_of(both, people)
    assert "Only people of" not in text_of(both, inside)


def test_the_address_of_a_member_is_found_only_by_who_may_see_people(acme, bob):
    User.objects.filter(pk=bob.pk).update(email="secret@example.com")
    members = desk("organizations.view_membership")
    both = staff_of("both", "organizations.view_membership", "accounts.view_user")

    assert "bob" not in text_of(members, f"{MEMBERSHIPS}?q=secret@")
    assert "bob" in text_of(members, f"{MEMBERSHIPS}?q=BO")
    assert "bob" in text_of(both, f"{MEMBERSHIPS}?q=secret@")


@pytest.mark.parametrize("value", ["x", "%00", "1" * 30, "-1", "1,2", ""])
@pytest.mark.parametrize(
    "path", [f"{MEMBERSHIPS}?organization=", f"{MEMBERSHIPS}?user=", f"{AUDIT_EVENTS}?user_id="]
)
def test_a_link_narrows_a_list_by_an_id_only(admin, path, value):
    assert admin.get(path + value).status_code in (200, 400)
    assert (admin.get(path + value).status_code == 400) or value == ""


@pytest.mark.parametrize("query", ["event=nothing", "door=x", "event=%00", "door=%00"])
def test_a_filter_takes_what_it_offers_only(admin, query):
    assert admin.get(f"{AUDIT_EVENTS}?{query}").status_code == 400


@pytest.mark.parametrize(
    ("term", "names"),
    [
        ("ALI", {"alice"}),
        ("alice@", {"alice"}),
        ("waits@", {"person"}),
        ("later@", {"person"}),
        ("lice", set()),
        ("%", set()),
    ],
)
def test_a_search_finds_people_by_the_beginning(admin, alice, bob, term, names):
    make_user(
        "person", email="waits@example.com", email_confirmed_at=None, unconfirmed_email="Later@example.com"
    )

    page = admin.get(USERS, {"q": term}).content.decode()

    assert set(re.findall(r'/change/[^"]*">(\w+)</a>', page)) == names


@pytest.mark.parametrize("term", ["bob", "BO", "acme", "bob@"])
def test_a_search_finds_memberships_by_person_and_by_organization(admin, acme, term):
    assert "bob" in text_of(admin, f"{MEMBERSHIPS}?q={term}")


# ---------------------------------------------------------------- who sees what


def test_sessions_and_tokens_are_for_those_who_may_see_users(alice):
    client = desk("accounts.view_auditevent")

    for page in ("sessions", "tokens"):
        assert client.get(f"{USERS}{alice.pk}/{page}/").status_code == 403
        assert client.get(f"{USERS}99999/{page}/").status_code == 403


def test_addresses_of_sessions_are_for_those_who_may_see_audit_events(alice):
    sign_in(alice)
    client = desk("accounts.view_user")

    assert "127.0.0.1" not in text_of(client, f"{USERS}{alice.pk}/sessions/")
    assert "127.0.0.1" not in text_of(client, admin_page(alice))


def test_nothing_is_sent_to_the_pages_that_only_show(admin, alice):
    for page in ("sessions", "tokens"):
        assert admin.post(f"{USERS}{alice.pk}/{page}/").status_code == 403


# ---------------------------------------------------------------- at any size


def test_a_list_counts_a_thousand_at_most(admin):
    User.objects.bulk_create(
        User(username=f"m{n:05}", email=f"m{n}@example.com", password="!")
        for n in range(FlatPaginator.MOST + 50)
    )

    assert "The first 1,000. Search or filter to find others." in text_of(admin, USERS)
    assert "m0" in text_of(admin, f"{USERS}?p=20")


def taken(client, path):
    client.get(path)
    with sent() as captured:
        assert client.get(path).status_code == 200, path
    return statements(captured)


def test_no_page_takes_more_statements_for_more_rows(admin, acme, bob):
    paths = [USERS, MEMBERSHIPS, ORGANIZATIONS, AUDIT_EVENTS, admin_page(bob), f"{USERS}{bob.pk}/sessions/"]
    paths += [f"{MEMBERSHIPS}?organization={acme.pk}&status__exact=active"]
    few = {path: len(taken(admin, path)) for path in paths}
    for number in range(8):
        join(acme, make_user(f"member{number}"))
        found(f"org{number}", bob)
        sign_in(bob)

    more = {path: taken(admin, path) for path in paths}

    assert Organization.objects.count() == 9
    assert {path: len(asked) for path, asked in more.items()} == few
    assert max(few.values()) <= 22
