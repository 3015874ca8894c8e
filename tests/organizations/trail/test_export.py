"""The audit trail as a file: the same events, oldest first, streamed, recorded, and no formula in a cell."""

import csv
import io
import json

import pytest

from accounts.models import AuditEvent, RateLimit
from organizations.members import invitations
from organizations.models import Membership, Organization
from tests.support.organizations import SERVER, membership_of

EXPORT = "/app/open/settings/audit-trail/export"
FORMULAS = ["=1+1@x.example", "+a@x.example", "-a@x.example"]


def export(stage, form="csv", **filters):
    response = stage.browser("olga").post(EXPORT, {"format": form, **filters})
    assert response.status_code == 200, response.content
    assert response.streaming
    return response, b"".join(response.streaming_content).decode()


def cells(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_every_event_oldest_first_and_the_export_last(stage):
    page = stage.browser("olga").get("/app/open/settings/audit-trail")

    response, text = export(stage)

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="audit-trail-open-2')
    rows = cells(text)
    shown = [entry.event.created_at.isoformat() for entry in page.context["entries"]]
    assert [row["time"] for row in rows[:-1]] == shown[::-1]
    assert rows[0]["what"] == "Created an organization"
    assert rows[-1]["event"] == "organization.audit_trail_exported"
    assert rows[-1]["who"] == "olga"
    assert rows[-1]["address"] == "127.0.0.1"


def test_json_is_one_object_that_says_what_it_has(stage):
    _response, text = export(stage, "json", person="una", kind="organization.owner_added")

    document = json.loads(text)
    assert document["organization"] == "open"
    assert document["exported_by"] == "user:olga"
    assert document["filters"] == {"person": "una", "kind": "organization.owner_added"}
    assert {row["to_whom"] for row in document["events"]} == {"una"}


def test_json_of_nothing_is_json(stage):
    assert json.loads(export(stage, "json", person="nobody")[1])["events"] == []


def test_each_export_is_recorded_with_its_filters(stage):
    export(stage, person="max", kind="organization.member_left", since="2026-01-01", until="2026-12-31")

    event = AuditEvent.objects.get(event="organization.audit_trail_exported")
    assert (event.actor, event.subject) == ("user:olga", "organization:open")
    assert event.data == {
        "format": "csv",
        "person": "max",
        "only": "organization.member_left",
        "since": "2026-01-01",
        "until": "2026-12-31",
    }
    [entry] = (
        stage.browser("olga")
        .get("/app/open/settings/audit-trail?kind=organization.audit_trail_exported")
        .context["entries"]
    )
    assert entry.details == (
        "CSV, person: max, only: organization.member_left, from 2026-01-01, to 2026-12-31",
    )


def test_no_cell_is_a_formula(stage):
    """An invited address is what a stranger to spreadsheets may have typed on purpose."""
    organization = Organization.objects.get(name="open")
    for address in FORMULAS:
        invitations.invite(organization, address, actor=SERVER)

    rows = cells(export(stage)[1])

    assert [row["to_whom"] for row in rows if "@" in row["to_whom"]] == [f"'{one}" for one in FORMULAS]
    assert not any(value.startswith(("=", "+", "-", "@")) for row in rows for value in row.values())


def test_an_export_shows_no_more_than_the_page(stage):
    stage.browser("olga").post("/app/open/settings/users/add", {"username": "eve@example.com"})
    row = Membership.objects.get(email="eve@example.com")
    stage.browser("eve").post(f"/app/settings/organizations/{row.pk}/decline", REMOTE_ADDR="198.51.100.7")
    stage.browser("max").post("/app/open/leave", REMOTE_ADDR="198.51.100.7")

    for form in ("csv", "json"):
        text = export(stage, form)[1]
        assert "198.51.100.7" not in text
        assert "eve" not in text.replace("eve@example.com", "").replace("event", "")


def test_both_parts_of_a_person_are_in_one_order(stage):
    row = f"/app/open/settings/users/{membership_of(stage.max, 'open').pk}"
    stage.browser("olga").post(f"{row}/make-owner")
    for number in range(3):
        stage.browser("max").post(
            "/app/open/settings/users/add", {"username": f"x{number}@elsewhere.example"}
        )
        stage.browser("olga").post(f"{row}/unmake-owner", {"shown": "invitations"})
        stage.browser("olga").post(f"{row}/make-owner")

    rows = cells(export(stage, person="max")[1])

    assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)
    assert [row["who"] for row in rows][-9:] == ["max", "olga", "olga"] * 3


def test_an_unknown_format_is_a_mistake_and_records_nothing(stage):
    response = stage.browser("olga").post(EXPORT, {"format": "xlsx"})

    assert response.status_code == 422
    assert not AuditEvent.objects.filter(event="organization.audit_trail_exported").exists()


def test_opened_by_a_link_it_leads_to_the_page(stage):
    assert stage.browser("olga").get(EXPORT)["Location"] == "/app/open/settings/audit-trail"
    assert not AuditEvent.objects.filter(event="organization.audit_trail_exported").exists()


def test_too_many_exports_wait_and_the_page_goes_on(stage):
    export(stage)
    RateLimit.objects.filter(key__startswith="organization:audit-trail:").update(count=20)

    response = stage.browser("olga").post(EXPORT, {"format": "csv"})

    assert response.status_code == 429
    assert "You have exported the audit trail too often." in response.content.decode()
    assert stage.browser("olga").get("/app/open/settings/audit-trail").status_code == 200
    assert stage.browser("una").post(EXPORT, {"format": "csv"}).status_code == 200


@pytest.mark.parametrize("name", ["mia", "max"])
def test_members_get_neither_the_page_nor_the_file(stage, name):
    browser = stage.browser(name)

    assert browser.get("/app/open/settings/audit-trail").status_code == 403
    assert browser.post(EXPORT, {"format": "csv"}).status_code == 403
    assert "Audit Trail" not in browser.get("/app/open/settings/authentication").content.decode()
