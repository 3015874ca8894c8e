"""What pages touch for a person who is in a thousand organizations and invited to a thousand others.

Counted in blocks of 8 kB, as in test_scale.py, and on PostgreSQL only.
"""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import RequestFactory
from django.utils import timezone

from accounts.models import Session, User
from organizations.access.gate import membership_of
from organizations.access.of_person import OfPerson
from organizations.context_processors import of_person
from organizations.members.support import organizations_of
from organizations.models import Membership, Organization, OrganizationCounts, latest_end
from tests.support.people import make_user, sign_in
from tests.support.plans import blocks, plan_anew, plans, touched

pytestmark = [pytest.mark.planner, pytest.mark.django_db(transaction=True)]

MANY, CROWD = 1_000, 20_000


@pytest.fixture
def carol(transactional_db):
    """She is in a thousand organizations, and invited to a thousand others; one of hers is large."""
    carol = make_user("carol")
    names = [f"team-{number:04}" for number in range(2 * MANY)]
    found = Organization.objects.bulk_create(Organization(name=name, email="x@example.com") for name in names)
    OrganizationCounts.objects.bulk_create(OrganizationCounts(organization=each) for each in found)
    now = timezone.now()
    joined = {"status": Membership.Status.ACTIVE, "joined_at": now}
    invited = {"status": Membership.Status.INVITED, "expires_at": now + timedelta(days=5)}
    names = (f"user{number}" for number in range(CROWD))
    others = User.objects.bulk_create(User(username=name, email=f"{name}@example.com") for name in names)
    plan_anew()
    Membership.objects.bulk_create(
        [
            *(row_of(each, carol, **joined) for each in found[:MANY]),
            *(row_of(each, carol, **invited) for each in found[MANY:]),
            *(row_of(found[0], other, **joined) for other in others),
        ]
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM FULL")  # of what other tests have left
        cursor.execute("VACUUM ANALYZE")
    return carol


def row_of(organization, user, **fields):
    return Membership(
        organization=organization,
        user=user,
        username=user.username,
        organization_key=organization.name,
        **fields,
    )


def test_what_is_read_of_her_organizations(carol):
    """The top bar reads twenty and as many invitations, the gate one, the API and the admin site a page."""
    now = timezone.now()

    def top_bar(name_key):
        return list(of_person(carol.pk, carol.email, now, latest_end(now), name_key))

    asks = RequestFactory().get("/")
    asks.user = User(is_active=True, is_staff=True, is_superuser=True)

    assert len(top_bar("")) == 44
    assert len(OfPerson(carol)) == 2 * MANY
    touched = {
        "top bar": blocks(lambda: top_bar("")),
        "top bar of one": blocks(lambda: top_bar("team-0900")),
        "gate": blocks(lambda: membership_of(carol, "team-0900")),
        "gate of nothing": blocks(lambda: membership_of(carol, "nobody")),
        "API": blocks(lambda: OfPerson(carol)[:20]),
        "admin site": blocks(lambda: organizations_of(carol, asks)),
    }

    assert max(touched["top bar"], touched["top bar of one"]) <= 600, touched
    assert touched["API"] <= 600, touched
    assert touched["admin site"] <= 1_000, touched
    assert max(touched["gate"], touched["gate of nothing"]) <= 60, touched


def test_ending_all_other_sessions(carol):
    """What limits them is read once: it takes two looks at each of her organizations."""
    client = sign_in(carol)
    own = Session.objects.get(user=carol)
    for number in range(30):
        own.pk, own.key_hash = None, f"{number:064x}"
        own.save(force_insert=True)

    with plans() as found:
        assert client.post("/app/settings/sessions/end-others").status_code == 302

    assert Session.objects.filter(user=carol).count() == 1
    assert sum(map(touched, found)) <= 5 * 2 * MANY, [touched(plan) for plan in found]
