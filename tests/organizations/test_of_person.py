"""Somebody's memberships and invitations are one list in order of name, however it is cut into pages."""

from datetime import timedelta

import pytest
from django.utils import timezone

from organizations.access.of_person import OfPerson
from organizations.models import Membership, Organization
from tests.api.clients import api_client
from tests.support.people import make_user

pytestmark = pytest.mark.django_db

MINE = "/api/v2/organization-memberships"


@pytest.fixture
def carol():
    """Of each three organizations she is in one, invited to one, and to one by her address."""
    carol, now = make_user("carol"), timezone.now()
    rows = [
        {"user": carol, "username": "carol", "status": Membership.Status.ACTIVE, "joined_at": now},
        {"user": carol, "username": "carol", "expires_at": now + timedelta(days=1)},
        {"email": carol.email, "expires_at": now + timedelta(days=1)},
    ]
    for number in reversed(range(12)):
        name = f"{'T' if number % 2 else 't'}eam-{number:02}"
        organization = Organization.objects.create(name=name, email="x@example.com")
        Membership.objects.create(organization=organization, **rows[number % 3])
    return carol


@pytest.mark.parametrize("size", [1, 3, 5, 100])
def test_pages_put_together_are_the_whole_list(carol, size):
    client = api_client(carol)
    whole = [row["id"] for row in client.get(MINE).json()["data"]]

    paged = []
    for number in range(1, 12 // size + 2):
        page = client.get(MINE, {"page[size]": size, "page[number]": number}).json()
        paged += [row["id"] for row in page["data"]]
        assert page["meta"]["pagination"]["total-count"] == 12

    names = [row.organization.name.lower() for row in OfPerson(carol)]
    assert names == [f"team-{number:02}" for number in range(12)]
    assert len(whole) == 12
    assert paged == whole


def test_others_see_none_of_it(carol):
    stranger = make_user("stranger")

    assert list(OfPerson(stranger)) == []
    assert api_client(stranger).get(MINE).json()["data"] == []


def test_an_address_that_is_not_confirmed_finds_no_invitation(carol):
    carol.email_confirmed_at = None
    carol.save()

    assert len(OfPerson(carol)) == 8
