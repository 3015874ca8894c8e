"""Each way to narrow the audit trail reads an index of its own, on both databases."""

import pytest
from django.db import connection

from organizations.models import Organization
from organizations.trail.reading import NEWEST_FIRST, Filters, trail_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small():
    """PostgreSQL reads a table of a few rows as a whole, unless it is told not to."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
            cursor.execute("SET LOCAL enable_sort = off")


@pytest.mark.parametrize(
    ("narrowed", "indexes"),
    [
        ({}, ["trail"]),
        ({"kind": "organization.created"}, ["trail_of_kind"]),
        ({"person": "mia@example.com"}, ["trail_of_person"]),
        ({"person": "mia"}, ["trail_of_actor", "trail_of_person"]),
    ],
    ids=str,
)
def test_each_way_to_narrow_it_reads_an_index_of_its_own(stage, narrowed, indexes):
    trail = trail_of(Organization.objects.get(name="open"), Filters(**narrowed))

    plans = [NEWEST_FIRST.sorted(part)[:20].explain() for part in trail.parts]

    for plan, index in zip(plans, indexes, strict=True):
        assert f"{index} " in plan, plan
        assert "TEMP B-TREE" not in plan, "sorted"
