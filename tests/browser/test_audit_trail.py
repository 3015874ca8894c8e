"""The page "Audit Trail": an owner finds what happened, and takes it along as a file."""

import csv
import io
from pathlib import Path

import pytest

from tests.support.organizations import found

pytestmark = pytest.mark.browser
TRAIL = "/app/acme/settings/audit-trail"


@pytest.fixture
def owner(open_browser, alice, bob, carol):
    found("acme", alice, members=[bob, carol])
    person = open_browser(alice)
    person.sign_in()
    person.goto("/app/acme/settings/users")
    return person


def test_an_owner_narrows_the_trail_and_exports_what_is_left(owner):
    row = owner.page.locator("tr", has_text="bob@example.com")
    row.locator("summary").click()
    row.get_by_role("link", name="Remove bob").click()
    owner.click("Remove bob")

    owner.goto(TRAIL)
    assert owner.page.locator("tbody tr").first.inner_text().startswith("Removed from an organization")
    owner.page.get_by_label("Person").fill("BOB")
    owner.click("Filter")
    rows = owner.page.locator("tbody tr")
    assert rows.count() == 3  # invited, accepted, removed
    assert all("bob" in text for text in rows.all_inner_texts())
    assert "carol" not in owner.page.locator("main").inner_text()

    with owner.page.expect_download() as started:
        owner.page.get_by_role("button", name="Export CSV").click()
    text = Path(started.value.path()).read_text()
    assert started.value.suggested_filename.startswith("audit-trail-acme-")
    assert [row["what"] for row in csv.DictReader(io.StringIO(text))] == [
        "Invited to an organization",
        "Accepted an invitation to an organization",
        "Removed from an organization",
    ]

    owner.goto(TRAIL)
    assert "Exported the audit trail" in owner.page.locator("tbody tr").first.inner_text()


def test_a_day_that_is_no_day_is_said_beside_its_field(owner):
    owner.goto(f"{TRAIL}?since=yesterday")

    assert "Enter a date such as 2027-03-31." in owner.text
    owner.click("Show everything", role="link")
    assert owner.path == TRAIL
    assert owner.page.locator("tbody tr").count() > 3
