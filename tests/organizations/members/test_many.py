"""Somebody in many organizations, or with many invitations: no page reads them all."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from organizations.context_processors import MOST_SHOWN
from organizations.models import Membership, Organization, OrganizationCounts
from tests.api.clients import api_client
from tests.support.people import enrol, sign_in
from tests.support.statements import sent, statements

pytestmark = pytest.mark.django_db(transaction=True)

MINE = "/app/settings/organizations"


def put_into(user, names, **fields):
    """Make these organizations, with this user in them."""
    organizations = Organization.objects.bulk_create(
        [Organization(name=name, email="x@example.com") for name in names]
    )
    OrganizationCounts.objects.bulk_create(
        [OrganizationCounts(organization=one, members=1) for one in organizations]
    )
    member = {"status": "active", "joined_at": timezone.now()} | fields
    Membership.objects.bulk_create(
        [
            Membership(
                organization=one,
                organization_key=one.name.lower(),
                user=user,
                username=user.username,
                **member,
            )
            for one in organizations
        ]
    )


def invite_to(user, names):
    put_into(user, names, status="invited", joined_at=None, expires_at=timezone.now() + timedelta(days=7))


def names(number, prefix="org"):
    return [f"{prefix}{n:03}" for n in range(number)]


def in_top_bar(response, name="organizations"):
    """What the top bar gives the template; it is read when a template asks for it."""
    return response.context[name]()


@pytest.mark.parametrize("number", [0, 1, MOST_SHOWN])
def test_sf5_a_few_organizations_are_all_shown(alice, number):
    put_into(alice, names(number))

    response = sign_in(alice).get("/app")

    assert len(in_top_bar(response)) == number
    assert "All organizations" not in response.content.decode()


def test_sf5_the_top_bar_shows_twenty_and_leads_to_the_others(alice):
    put_into(alice, names(60))
    client = sign_in(alice)

    for path in ("/app", MINE, "/app/settings/profile"):
        response = client.get(path)
        assert [entry.name for entry in in_top_bar(response)] == names(MOST_SHOWN)
        assert "All organizations" in response.content.decode()


@pytest.mark.parametrize("place", [0, 19, 20, 21, 22, 59])
def test_sf5_the_organization_of_the_page_is_always_among_them(alice, place):
    put_into(alice, names(60))
    name = f"org{place:03}"

    response = sign_in(alice).get(f"/app/{name.upper()}")

    shown = [entry.name for entry in in_top_bar(response)]
    assert shown == sorted({*names(MOST_SHOWN), name})
    assert in_top_bar(response, "current_organization").name == name
    assert "All organizations" in response.content.decode()


def test_sf5_the_page_of_ones_organizations_has_pages(alice):
    put_into(alice, names(45))
    client = sign_in(alice)

    pages = [client.get(MINE, {"page": number}).content.decode() for number in (1, 2, 3, 4)]

    shown = [
        [name for name in names(45) if f'Leave organization<span class="visually-hidden"> {name}<' in page]
        for page in pages
    ]
    assert shown == [names(45)[:20], names(45)[20:40], names(45)[40:], []]
    assert ["?page=" in page and 'rel="next"' in page for page in pages] == [True, True, False, False]
    assert "There is nothing on this page." in pages[3]


@pytest.mark.parametrize("page", ["0", "-1", "x", "1234567", "٣"])
def test_sf5_a_malformed_page_is_a_clear_error(alice, page):
    assert sign_in(alice).get(MINE, {"page": page}).status_code == 400


def test_sf5_many_invitations_push_no_organization_aside(alice):
    put_into(alice, names(5))
    invite_to(alice, names(50, "spam"))
    client = sign_in(alice)

    response = client.get(MINE)

    assert len(in_top_bar(response)) == 5
    assert len(in_top_bar(response, "invitations")) == MOST_SHOWN
    all_of_them = 'href="/app/settings/organizations/invitations">All invitations'
    assert all_of_them in response.content.decode()
    assert all_of_them in client.get("/app").content.decode()


def test_sf5_all_invitations_are_a_list_in_pages(alice):
    invite_to(alice, names(50, "spam"))
    client = sign_in(alice)

    pages = [client.get(f"{MINE}/invitations", {"page": number}).content.decode() for number in (1, 2, 3, 4)]

    assert ["1–20 of 50" in pages[0], "21–40 of 50" in pages[1], "41–50 of 50" in pages[2]] == [True] * 3
    shown = [re.findall(r"<strong class=\"anywhere\">(spam\d+)</strong>", page) for page in pages]
    assert [name for names_of_page in shown for name in names_of_page] == names(50, "spam")
    assert "There is nothing on this page." in pages[3]


def test_sf5_somebody_without_an_invitation_is_told_so(alice):
    assert "No open invitations" in sign_in(alice).get(f"{MINE}/invitations").content.decode()


def test_sf5_invitations_by_name_and_by_address_are_one_list(alice):
    invite_to(alice, ["by-name"])
    organization = Organization.objects.create(name="by-address", email="x@example.com")
    Membership.objects.create(
        organization=organization, email=alice.email, expires_at=timezone.now() + timedelta(days=7)
    )
    client = sign_in(alice)

    listed = client.get(f"{MINE}/invitations").content.decode()

    assert [row.organization.name for row in in_top_bar(client.get("/app"), "invitations")] == [
        "by-address",
        "by-name",
    ]
    assert listed.index("by-address") < listed.index("by-name")


def test_sf5_the_top_bar_has_a_search_once_it_does_not_show_all(alice):
    put_into(alice, names(MOST_SHOWN))
    client = sign_in(alice)
    before = client.get("/app/settings/profile").content.decode()
    put_into(alice, ["zulu"])

    after = client.get("/app/settings/profile").content.decode()

    assert "id_switcher_q" not in before
    assert 'action="/app/settings/organizations"' in after
    assert 'name="q" id="id_switcher_q"' in after


def test_sf5_an_invitation_to_what_one_is_in_is_not_shown_whatever_the_number(alice):
    put_into(alice, names(40))
    for organization in Organization.objects.all():
        Membership.objects.create(
            organization=organization, email=alice.email, expires_at=timezone.now() + timedelta(days=7)
        )

    assert in_top_bar(sign_in(alice).get(MINE), "invitations") == []


def test_sf5_a_page_costs_the_same_statements_and_rows_with_a_hundred_organizations(alice):
    client, counted = sign_in(alice), []
    for prefix, number in [("a", 25), ("b", 75)]:
        put_into(alice, names(number, prefix))
        with sent() as queries:
            response = client.get("/app")
        counted.append((len(statements(queries)), len(in_top_bar(response))))

    few, many = counted
    assert few == many
    assert few[0] <= 3  # session and user; organizations and invitations; how many require two-factor
    assert few[1] == MOST_SHOWN


# ---------------------------------------------------------------- programs


def test_sf5_the_lists_of_programs_come_whole_up_to_a_hundred_and_in_pages_from_there(alice):
    client = api_client(alice)
    put_into(alice, names(100))
    for path in ("/organizations", "/organization-memberships"):
        listed = client.get(path).json()
        assert len(listed["data"]) == 100
        assert "meta" not in listed

    put_into(alice, ["zulu"])

    for path in ("/organizations", "/organization-memberships"):
        listed = client.get(path).json()
        assert len(listed["data"]) == 20
        assert listed["meta"]["pagination"]["total-count"] == 101
        assert listed["meta"]["pagination"]["next-page"] == 2
        last = client.get(f"{path}?page[number]=6").json()
        assert len(last["data"]) == 1


@pytest.mark.parametrize("query", ["q=" + "x" * 300, "q[name]=%25", "q[email]=_"])
def test_sf5_odd_searches_find_nothing(alice, query):
    put_into(alice, names(2))

    assert api_client(alice).get(f"/organizations?{query}").json()["data"] == []


@pytest.mark.parametrize("owns", [True, False])
def test_sf5_the_page_that_disables_two_factor_names_twenty_and_says_how_many_there_are(alice, owns):
    app = enrol(alice)
    put_into(alice, names(25), is_owner=owns, two_factor_enabled=True)
    Organization.objects.update(collaborator_auth_policy="two_factor_mandatory")

    page = sign_in(alice, app).get("/app/settings/two-factor/disable").content.decode()

    listed = page[page.index("<main") :]
    assert "Showing 20 of 25." in listed
    assert [name for name in names(25) if name in listed] == names(20)
