"""The lists of people: pages, search, filter, and the switcher in the top bar."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from accounts.models import User
from organizations.members.addresses import copy_again, wrongly_copied
from organizations.models import Membership, Organization
from tests.support import people
from tests.support.organizations import enrolled, found, join, require

pytestmark = pytest.mark.django_db
USERS = "/app/big/settings/users"


@pytest.fixture
def alice():
    return people.make_user("alice")


@pytest.fixture
def alices(alice):
    """The browser in which alice, who owns `big`, is signed in."""
    found("big", alice)
    return people.sign_in(alice)


def fill(count):
    """Members by the dozen: m000, M001, m002 ..., every third with two-factor authentication."""
    names = [f"{'mM'[number % 2]}{number:03}" for number in range(count)]
    users = User.objects.bulk_create(User(username=name, email=f"{name}@example.com") for name in names)
    Membership.objects.bulk_create(
        Membership(
            organization=Organization.objects.get(),
            user=user,
            username=user.username,
            status=Membership.Status.ACTIVE,
            joined_at=timezone.now(),
            two_factor_enabled=number % 3 == 0,
        )
        for number, user in enumerate(users)
    )


def names_on(response):
    rows = re.findall(r'<th scope="row"[^>]*>\s*([\w.@-]+)', response.content.decode())
    return [unescape(name) for name in rows]


def link(response, rel):
    match = re.search(rf'rel="{rel}" href="([^"]+)"', response.content.decode())
    return match and unescape(match[1])


@pytest.mark.parametrize("path", ["/app/big", USERS])
def test_pages_go_forth_and_back_without_a_gap(alices, path):
    fill(45)
    pages = [alices.get(path)]
    while url := link(pages[-1], "next"):
        pages.append(alices.get(url))
    back = [pages[-1]]
    while url := link(back[-1], "prev"):
        back.append(alices.get(url))

    names = [name for page in pages for name in names_on(page)]
    assert names == ["alice", *(f"{'mM'[n % 2]}{n:03}" for n in range(45))]
    assert [names_on(page) for page in back[1:]] == [names_on(pages[1]), names_on(pages[0])]
    assert link(pages[0], "prev") is None


def test_the_filter_shows_those_without_and_keeps_through_pages(alices):
    fill(45)

    first = alices.get(USERS, {"without_two_factor": "on"})
    second = alices.get(link(first, "next"))

    assert len(names_on(first)) == 20
    assert "without_two_factor=True" in link(first, "next")
    assert len(names_on(second)) == 11
    assert not {"m000", "M003"} & {*names_on(first), *names_on(second)}


def test_no_filter_is_offered_where_everybody_has_two_factor(alice):
    found("big", alice)
    app = enrolled(alice)

    page = people.sign_in(alice, app).get(USERS).content.decode()

    assert "All members have enabled two-factor authentication." in page
    assert "Show only members without two-factor" not in page


@pytest.mark.parametrize(
    ("text", "expected"), [("M00", 10), ("m04", 5), ("ALI", 1), ("%", 0), ("m_0", 0), ("x", 0)]
)
def test_search_takes_the_beginning_of_a_name(alices, text, expected):
    fill(45)

    response = alices.get(USERS, {"q": text})

    assert len(names_on(response)) == expected
    assert expected or "Nobody found" in response.content.decode()


@pytest.mark.parametrize("text", ["x" * 100_000, "\x00", "%\ud800", "\u202e", "٣", "'\"><svg onload=1>"])
def test_odd_searches_find_nothing_and_break_nothing(alices, text):
    response = alices.get(f"{USERS}?status=nonsense&{urlencode({'q': text}, errors='surrogatepass')}")

    assert response.status_code in (200, 400)
    assert b"<svg onload" not in response.content


@pytest.mark.parametrize(
    "cursor", ["x", ",", "a,b", "a,-1", "m000," + "9" * 30, "m\x00,1", "M000,1", "x" * 5000]
)
def test_malformed_cursors_are_bad_requests(alices, cursor):
    for name in ["after", "before"]:
        assert alices.get(USERS, {name: cursor}).status_code == 400


def test_invitations_are_a_list_of_their_own(alices):
    for who in ["new@example.com", "other@example.com"]:
        alices.post(f"{USERS}/add", {"username": who})

    response = alices.get(USERS, {"status": "invited"})

    assert names_on(response) == ["new@example.com", "other@example.com"]
    assert names_on(alices.get(USERS)) == ["alice"]
    assert names_on(alices.get(USERS, {"status": "invited", "q": "oth"})) == ["other@example.com"]


def test_the_switcher_marks_what_is_locked(alices, alice):
    bob = people.make_user("bob")
    enrolled(bob)
    require(found("fort", bob, members=[alice]))

    page = alices.get("/app/big").content.decode()
    switcher = page[page.index('class="menu-nav"') : page.index("</nav>")]

    assert re.search(r">fort</span>\s*<span class=\"menu-note\">.*?locked", switcher, re.DOTALL)
    assert 'href="/app/big" aria-current="true"' in switcher
    assert "/app/big/settings/general" in switcher


def test_members_find_what_they_may_see_in_the_switcher(alices):
    bob = people.make_user("bob")
    found("other", people.make_user("carol"), members=[bob])

    page = people.sign_in(bob).get("/app/other").content.decode()

    assert "/app/other/settings/authentication" in page
    assert "/app/other/settings/general" not in page
    assert "/app/other/settings/users" not in page


def test_who_is_in_nothing_is_told_what_to_do():
    browser = people.sign_in(people.make_user("dora"))

    for path in ["/app", "/app/settings/organizations"]:
        page = browser.get(path).content.decode()
        assert "You aren't in any organization yet" in page
        assert "Create your first organization" in page


def test_what_people_write_is_text_only(alices):
    """WH-04, for the one free text that an organization has."""
    Organization.objects.update(email="'\"><svg/onload=alert(1)>@x.example")

    for path in ["/app/big", "/app/big/settings/general"]:
        assert b"<svg/onload" not in alices.get(path).content


# ---------------------------------------------------------------- addresses, order and numbers


def test_ap_14_owners_see_addresses_and_members_do_not(alices, alice):
    fill(3)
    bob = people.make_user("bob")
    join(Organization.objects.get(), bob)

    assert "bob@example.com" in alices.get(USERS).content.decode()
    browser = people.sign_in(bob)
    assert browser.get(USERS).status_code == 403
    assert (
        b"@example.com" not in browser.get("/app/big").content.split(b"<main")[1].split(b"contact-title")[0]
    )


@pytest.mark.parametrize("text", ["Post.BOB@", "post.bob@example.com"])
def test_search_takes_the_beginning_of_a_confirmed_address(alices, text):
    bob = people.make_user("bob", email="post.bob@example.com")
    join(Organization.objects.get(), bob)

    assert names_on(alices.get(USERS, {"q": text})) == ["bob"]
    assert names_on(alices.get(USERS, {"q": "ob@"})) == []


def test_ap_14_the_address_of_somebody_invited_by_name_is_not_found(alices):
    people.make_user("eve")
    alices.post(f"{USERS}/add", {"username": "eve"})

    assert names_on(alices.get(USERS, {"status": "invited", "q": "eve@example"})) == []
    assert names_on(alices.get(USERS, {"status": "invited", "q": "eve"})) == ["eve"]
    assert Membership.objects.get(username="eve").address_key == ""


@pytest.mark.parametrize("sort", ["joined", "-joined", "-name"])
def test_each_order_goes_forth_and_back_without_a_gap(alices, sort):
    fill(45)
    for number, row in enumerate(Membership.objects.order_by("username_key")):
        row.joined_at = timezone.now() - timedelta(hours=number // 2)  # two at the same moment
        row.save()
    column = {"name": "username_key", "joined": "joined_at"}[sort.strip("-")]
    sign = "-" if sort.startswith("-") else ""
    expected = list(
        Membership.objects.order_by(f"{sign}{column}", f"{sign}pk").values_list("username", flat=True)
    )

    pages = [alices.get(USERS, {"sort": sort})]
    while url := link(pages[-1], "next"):
        pages.append(alices.get(url))
    back = alices.get(link(pages[-1], "prev"))

    assert [name for page in pages for name in names_on(page)] == expected
    assert names_on(back) == names_on(pages[1])


def test_the_numbers_say_which_rows_these_are_and_of_how_many(alices):
    fill(45)
    organization = Organization.objects.get()
    organization.counts.members = 46
    organization.counts.save()

    first = alices.get(USERS)
    second = alices.get(link(first, "next"))
    third = alices.get(link(second, "next"))

    assert "1–20 of 46" in first.content.decode()
    assert "21–40 of 46" in second.content.decode()
    assert "41–46 of 46" in third.content.decode()
    assert "21–40 of 46" in alices.get(link(third, "prev")).content.decode()
    assert "1–10 of 10" in alices.get(USERS, {"q": "m00"}).content.decode()


def test_a_search_that_finds_too_many_says_so(alices):
    fill(1_005)

    first = alices.get(USERS, {"q": "m"})
    last = alices.get(USERS, {"q": "m", "before": "zzz,0"})

    said = "of more than 1,000. This list has the first 1,000 by name: type more of the name or address."
    assert f"1–20 {said}" in first.content.decode()
    assert names_on(first) == [f"{'mM'[n % 2]}{n:03}" for n in range(20)]
    assert names_on(last)[-1] == "m994"  # the last five are left out
    assert "More than 1,000 people match." in last.content.decode()


@pytest.mark.parametrize("sort", ["nonsense", "pk", "-", "joined'", "user__password"])
def test_an_unknown_order_is_that_of_names(alices, sort):
    fill(3)

    assert names_on(alices.get(USERS, {"sort": sort})) == ["alice", "m000", "M001", "m002"]


@pytest.mark.parametrize("cursor", ["x,1", "9" * 17 + ",1", "1,-1", "m000,1", ","])
def test_malformed_cursors_of_the_date_are_bad_requests(alices, cursor):
    assert alices.get(USERS, {"sort": "joined", "after": cursor}).status_code == 400


def test_the_search_follows_a_new_address_and_doctor_finds_a_wrong_copy(alices):
    bob = people.make_user("bob")
    join(Organization.objects.get(), bob)
    row = Membership.objects.get(username="bob")
    assert row.address_key == "bob@example.com"

    User.objects.filter(pk=bob.pk).update(email="Robert@example.com")
    assert list(wrongly_copied()) == [row]
    assert copy_again() == 1

    assert names_on(alices.get(USERS, {"q": "robert@"})) == ["bob"]
    assert list(wrongly_copied()) == []


def test_the_page_that_invites_keeps_what_was_typed(alices):
    page = alices.get(f"{USERS}/invite").content.decode()
    refused = alices.post(f"{USERS}/add", {"username": "no such person"})

    assert 'name="username"' in page
    assert refused.status_code == 422
    assert 'value="no such person"' in refused.content.decode()
    assert 'aria-invalid="true"' in refused.content.decode()
