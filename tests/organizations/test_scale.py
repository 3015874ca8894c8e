"""What pages and checks touch in organizations of a thousand and of a hundred thousand members.

Counted in blocks of 8 kB (EXPLAIN ANALYZE, BUFFERS). A look at an index touches two to four, by how its pages
happen to be split, so the limits allow for that; a scan of the large organization touches over a thousand.
Asks PostgreSQL only; both databases have the same indexes (tests/accounts/growth/test_indexes.py).
"""

import json
from functools import partial

import pytest
from django.apps import apps
from django.contrib.admin import site as admin_site
from django.db import connection
from django.http import QueryDict
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.jsonapi.pagination import PageRequest
from accounts.models import User
from accounts.web.keyset import keyset_page
from organizations import news
from organizations.access.gate import membership_or_404
from organizations.members import batch_work, previews
from organizations.members.left_behind import left_by
from organizations.members.lists import MemberList
from organizations.members.orders import ORDERS
from organizations.members.search import listed
from organizations.models import InvitationBatch, Membership, Organization, OrganizationCounts
from organizations.policy.rehearsal import rehearse
from organizations.policy.two_factor import owners_below
from tests.organizations.crowd import SIZES, crowd
from tests.support import plans

__all__ = ["crowd"]
pytestmark = pytest.mark.planner


@pytest.fixture
def organizations(crowd, db):
    return list(Organization.objects.order_by("pk"))


def blocks(act):
    """How many blocks the statements of `act` touch, all together."""
    with CaptureQueriesContext(connection) as captured:
        act()
        asked = [query["sql"] for query in captured]
    touched = 0
    with connection.cursor() as cursor:
        for sql in asked:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}")
            plan = cursor.fetchone()[0]
            plan = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
            touched += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    assert asked
    return touched


def pages(rows, size, sort):
    """The first and the last page of a list of members, and those before and after its middle."""
    if sort.endswith("name"):
        middle, end = f"m{size // 2:06},0", "zzz,0" if sort == "name" else ",0"
    else:
        at = rows.order_by("joined_at")[size // 4].joined_at
        middle = ORDERS[sort].text(at) + ",0"
        end = "9999999999999999,0" if sort == "joined" else "0,0"
    for query in ("", f"after={middle}", f"before={middle}", f"before={end}"):
        yield partial(keyset_page, rows, QueryDict(query), ORDERS[sort])


@pytest.mark.parametrize("sort", ORDERS)
@pytest.mark.parametrize("without_two_factor", [False, True])
def test_a_page_of_members(organizations, without_two_factor, sort):
    touched = [
        blocks(page)
        for organization in organizations
        for page in pages(
            listed(organization, ORDERS[sort], without_two_factor=without_two_factor).rows,
            SIZES[organization.name],
            sort,
        )
    ]

    assert max(touched) <= 30, touched


def page_of_the_api(organization, filters=(), **options):
    organization = Organization.objects.select_related("counts").get(pk=organization.pk)
    return MemberList(organization, private=True, **dict(filters)).page(PageRequest(**options))


def test_the_first_page_of_the_api_and_the_next_ones(organizations):
    """`links.next` names the row that it begins after, so that it costs the same wherever it is."""
    touched = [
        blocks(partial(page_of_the_api, organization, after=after))
        for organization in organizations
        for after in ("", f"active,m{SIZES[organization.name] // 2:06},0", "active,alice,0")
    ]

    # With the person of each row, and the organization itself.
    assert max(touched) <= 140, touched


def test_a_search_of_the_api_for_an_address(organizations):
    touched = [
        blocks(partial(page_of_the_api, organization, {"addresses": ["m5@example.com"]}))
        for organization in organizations
    ]

    assert max(touched) <= 20, touched


def test_a_search_of_the_api_for_many_addresses_costs_as_much_as_those(organizations):
    addresses = [f"m{number * 7}@example.com" for number in range(1, 101)]

    touched = [
        blocks(partial(page_of_the_api, organization, {"addresses": addresses}, size=100))
        for organization in organizations
    ]

    # Each by its index, twice: to count them, and with the member and the person.
    assert max(touched) <= 100 * 16, touched


MOST_OF_A_SEARCH = 100
EACH_ROW = 6  # by its id, and the person by theirs: two blocks of an index and one of the table

SEARCHES = ["m", "m0", "m00099", "m77@exam", "nobody", "%", "m%", "_", "m_", "zz", "-", "\U0010ffff", "ä"]


@pytest.mark.parametrize("status", ["", "active", "invited"])
@pytest.mark.parametrize("q", SEARCHES)
def test_a_search_of_the_api_whatever_matches(organizations, q, status):
    """With "m" all members match, by name and by address; with "%" nobody does."""
    asked = [{}, {"number": 30}, {"number": 5_000}, {"size": 100}]
    asked += [] if status == "invited" else [{"after": "active,m000500,0"}]

    touched = {
        (organization.name, *page.items()): blocks(
            partial(page_of_the_api, organization, {"q": q, "status": status}, **page)
        )
        - EACH_ROW * page.get("size", 20)
        for organization in organizations
        for page in asked
    }

    assert max(touched.values()) <= MOST_OF_A_SEARCH, touched


@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize("q", SEARCHES)
def test_how_many_a_search_of_the_api_finds(organizations, q, private):
    def count(organization):
        return MemberList(organization, private=private, q=q).total

    touched = [blocks(partial(count, organization)) for organization in organizations]

    assert max(touched) <= MOST_OF_A_SEARCH, touched


def test_a_jump_into_the_depth_of_the_api_walks_the_index_alone(organizations):
    """By the number of the page: that grows with it, by far less than the rows that are jumped over."""
    touched = {
        organization.name: blocks(
            partial(page_of_the_api, organization, number=SIZES[organization.name] // 20, size=20)
        )
        for organization in organizations
    }

    assert touched["small"] <= 160, touched
    assert touched["large"] <= 1_500, touched  # of some 20,000 in the rows and their people


@pytest.mark.parametrize("sort", ["name", "-joined"])
@pytest.mark.parametrize("filters", [{}, {"without_two_factor": True}, {"status": "invited"}], ids=str)
@pytest.mark.parametrize("text", SEARCHES)
def test_a_search_for_the_beginning_of_a_name_or_an_address(organizations, text, filters, sort):
    """Whatever matches: with "m" everybody does, by name and by address."""

    def search(organization):
        order = ORDERS["name" if "status" in filters else sort]
        shown = listed(organization, order, q=text, **filters)
        for query in (
            "",
            "after=m000500,0" if order.column == "username_key" else "after=1800000000000000,0",
        ):
            keyset_page(shown.rows, QueryDict(query), order, shown.total)

    touched = [blocks(partial(search, organization)) for organization in organizations]

    assert max(touched) <= 200, touched  # of two pages


LISTS_OF_THE_ADMIN_SITE = [
    ("accounts.User", {}),
    ("accounts.User", {"p": "20"}),
    ("organizations.Membership", {}),
    ("organizations.Membership", {"organization": "%s", "status__exact": "active"}),
    ("organizations.Membership", {"organization": "%s", "status__exact": "active", "p": "20"}),
    ("organizations.Membership", {"organization": "%s", "status__exact": "active", "is_owner__exact": "1"}),
    ("organizations.Membership", {"organization": "%s", "status__exact": "invited"}),
    ("organizations.Membership", {"user": "%u"}),
]


@pytest.mark.parametrize(("model", "query"), LISTS_OF_THE_ADMIN_SITE, ids=str)
def test_a_list_of_the_admin_site_that_a_link_leads_to(organizations, crowd, model, query):
    """With its short count, to the thousand-and-first row, and fifty rows with what they name."""
    superuser = User(is_active=True, is_staff=True, is_superuser=True)

    def shown(organization):
        known = {"%s": str(organization.pk), "%u": str(crowd.pk)}
        request = RequestFactory().get("/", {name: known.get(value, value) for name, value in query.items()})
        request.user = superuser
        shown_by = admin_site.get_model_admin(apps.get_model(model))
        list(shown_by.get_changelist_instance(request).result_list)

    touched = [blocks(partial(shown, organization)) for organization in organizations]

    # The large one has a thousand owners, sorted by name: a block for each.
    most = 1_400 if "is_owner__exact" in query else 450
    assert max(touched) <= most, touched


def test_whether_every_owner_is_enrolled(organizations):
    """The eleven owners of the small one may be looked at, a block each."""
    touched = [blocks(partial(owners_below, organization, 1)) for organization in organizations]

    assert max(touched) <= 16, touched


@pytest.mark.parametrize("level", [1, 2])
def test_a_rehearsal(organizations, level):
    """All but the personal tokens, of which nobody here has any."""
    touched = [
        blocks(
            partial(rehearse, Organization.objects.select_related("counts").get(pk=organization.pk), level)
        )
        for organization in organizations
    ]

    assert max(touched) <= 120, touched


@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("after", [0, 10**9])
def test_the_next_readers_of_a_mail_to_those_without_it(organizations, level, after):
    """A hundred of them, wherever the mail has come to."""
    for organization in organizations:
        concerned = news.key_of_level(organization, level)
        organization.all_reminded_at = timezone.now()
        reminded = news.key_of_reminder(organization, level)
        for audience, key in ((news.members_concerned, concerned), (news.members_reminded, reminded)):
            touched = blocks(partial(audience, key, after, 100))
            assert touched <= 2_500, (organization.name, audience.__name__, touched)


def test_whether_a_date_that_has_come_is_met(organizations):
    """The small one may have its eleven owners looked at."""
    now = timezone.now()
    touched = []
    for organization in organizations:
        organization.due_at = organization.required_from = now
        for level in (1, 2):
            organization.scheduled_level = level
            touched.append(blocks(lambda organization=organization: organization.required_level))

    assert max(touched) <= 16, touched


def test_what_somebody_who_leaves_has_made(organizations, crowd):
    """Tokens, three invitations among a tenth of the members, and the contact address."""
    for organization in organizations:
        made = organization.memberships.invited().order_by("pk").values("pk")[:3]
        Membership.objects.filter(pk__in=list(made.values_list("pk", flat=True))).update(
            invited_by_id=crowd.pk
        )

    found = [left_by(organization, [crowd.pk]) for organization in organizations]
    touched = [blocks(partial(left_by, organization, [crowd.pk])) for organization in organizations]

    assert [left.invitations.number for left in found] == [3, 3]
    assert max(touched) <= 40, touched


def test_a_check_of_a_list_of_people(organizations):
    """Each address and each name by its index, four times a thousand, wherever they stand."""
    members = [f"m{number * 7}@example.com" for number in range(1, 1_001)]
    invited = [f"m{number}@invited.example" for number in range(1, 1_001)]
    names = [f"m{number * 7:06}" for number in range(1, 1_001)]
    finds = [
        (previews.members_by_address, members),
        (previews.invitations_to_addresses, invited),
        (previews.members_by_name, names),
        (previews.invitations_to_names, names),
    ]

    touched = {
        (find.__name__, organization.name): blocks(partial(previews.found, find(organization), keys))
        for find, keys in finds
        for organization in organizations
    }
    touched["users"] = blocks(partial(previews.found, previews.users_by_name, names))

    # A look into an index and the row that it finds; the small one may be read whole, which is cheaper.
    assert max(touched.values()) <= 1_000 * 6, touched


LISTS = """
INSERT INTO organizations_invitationbatch (organization_id, key, created_by, created_by_id, created_at,
    user_agent, state, reason, stopped_by, total, sent, failed, progressed_at, finished_at)
SELECT %s, n, 'alice', %s, now(), '', CASE WHEN n > 98 THEN 'running' ELSE 'done' END, '', '', 500,
    CASE WHEN n > 98 THEN 400 ELSE 500 END, 0, now(), CASE WHEN n > 98 THEN NULL ELSE now() END
FROM generate_series(1, 100) AS n
"""
ON_LISTS = """
INSERT INTO organizations_invitationbatchrow (batch_id, position, who, state, problem)
SELECT batch.id, n, 'p' || n || '@example.org',
    CASE WHEN batch.state = 'running' AND n > 400 THEN 'waiting' ELSE 'sent' END, ''
FROM organizations_invitationbatch AS batch, generate_series(1, 500) AS n ORDER BY batch.id, n
"""


def test_what_lists_of_invitations_wait_for(organizations, crowd):
    """Two lists run among a hundred, a hundred people wait on each, and fifty thousand were invited."""
    with connection.cursor() as cursor:
        cursor.execute(LISTS, [organizations[1].pk, crowd.pk])
        cursor.execute(ON_LISTS)
        cursor.execute("ANALYZE organizations_invitationbatch, organizations_invitationbatchrow")
    now = timezone.now()
    [first, _second] = InvitationBatch.objects.running().order_by("pk")

    touched = {
        "lists": blocks(lambda: list(InvitationBatch.objects.sendable(now).order_by("progressed_at"))),
        "portion": blocks(lambda: list(batch_work.next_rows(first, now))),
        "end": blocks(lambda: batch_work.finish(first)),
        "unable": blocks(batch_work.stop_unable),
        "page": blocks(lambda: list(organizations[1].batches.order_by("-id")[:21])),
        "running": blocks(lambda: organizations[1].batches.running().count()),
        "old": blocks(lambda: list(InvitationBatch.objects.filter(finished_at__lt=now - batch_work.KEEP))),
    }

    assert max(touched.values()) <= 40, touched


def test_how_many_members_there_are(organizations):
    touched = [
        blocks(partial(OrganizationCounts.objects.get, pk=organization.pk)) for organization in organizations
    ]

    assert max(touched) <= 8, touched


def test_the_check_of_a_request(organizations, crowd):
    request = RequestFactory().get("/")
    request.user = User.objects.get(pk=crowd.pk)

    touched = [
        blocks(partial(membership_or_404, request, organization.name)) for organization in organizations
    ]

    assert max(touched) <= 20, touched


def test_d67_one_plan_for_all_values_touches_as_little(organizations, crowd):
    """The check of a request is prepared: in turns for both organizations, as it really runs."""
    request = RequestFactory().get("/")
    request.user = User.objects.get(pk=crowd.pk)

    touched = [
        plans.blocks(partial(membership_or_404, request, organization.name), times=1)
        for _ in range(plans.OFTEN)
        for organization in organizations
    ]

    assert max(touched) <= 20, touched
