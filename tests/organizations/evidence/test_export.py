"""What an owner downloads as evidence, and what is recorded of it."""

import hashlib
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, EvidenceKey, User
from accounts.two_factor import removal
from accounts.users.administration import deactivate
from organizations.members import memberships
from organizations.models import Membership, Organization, TwoFactorPeriod
from organizations.policy.mirror import mirror
from tests.support import evidence
from tests.support.organizations import SERVER, enrolled, join, let_sudo_expire, membership_of
from tests.support.pages import words_of
from tests.support.two_factor import sudo_page

pytestmark = pytest.mark.django_db


def test_the_page_says_what_it_holds_and_shows_the_public_keys(stage):
    browser = stage.browser("olga")

    page = browser.get(evidence.page_of("open"))

    words = words_of(page)
    assert "shows how long every member and owner of open has had two-factor" in words
    served = browser.get(evidence.KEYS).json()
    assert served["keys"][0]["public_key"] in words
    assert not EvidenceKey.objects.exists()  # GET writes nothing
    assert not evidence.events(evidence.STARTED)


def test_members_are_not_shown_the_section(stage):
    assert "Export evidence" in words_of(stage.browser("olga").get("/app/open/settings/authentication"))
    assert "Export evidence" not in words_of(stage.browser("max").get("/app/open/settings/authentication"))


def test_members_open_no_page_and_export_nothing(stage):
    browser = stage.browser("max")

    assert browser.get(evidence.page_of("open")).status_code == 403
    assert browser.post(evidence.page_of("open"), {"format": "csv"}).status_code == 403
    assert evidence.events(evidence.STARTED) == []


def test_csv_has_a_row_for_each_period_of_everybody(stage):
    data = evidence.downloaded(stage.browser("olga"), "open")

    rows = {row["username"]: row for row in evidence.rows_of(data)}
    assert sorted(rows) == ["max", "mia", "olga", "una"]
    max_since = TwoFactorPeriod.objects.get(username="max", organization__name="open").began_at
    assert rows["max"] == {
        "user_id": f"user-{stage.max.pk:016}",
        "username": "max",
        "email": "max@example.com",
        "role": "member",
        "status": "active",
        "joined_at": f"{max_since:%Y-%m-%dT%H:%M:%S.%fZ}",
        "left_at": "",
        "level": "authenticator app",
        "two_factor_since": f"{max_since:%Y-%m-%dT%H:%M:%S.%fZ}",
        "authenticator_app_since": f"{max_since:%Y-%m-%dT%H:%M:%S.%fZ}",
        "period_level": "authenticator app",
        "period_began_at": f"{max_since:%Y-%m-%dT%H:%M:%S.%fZ}",
        "period_ended_at": "",
    }
    assert (rows["una"]["role"], rows["una"]["level"], rows["una"]["two_factor_since"]) == (
        "owner",
        "none",
        "",
    )


def test_json_has_an_object_for_each_stay_and_says_the_same(stage):
    browser = stage.browser("olga")

    whole = json.loads(evidence.downloaded(browser, "open", "json"))
    rows = evidence.rows_of(evidence.downloaded(browser, "open"))

    assert list(whole) == ["evidence", "members", "signature"]
    assert whole["evidence"]["organization"] == "open"
    assert whole["signature"]["rows"] == len(whole["members"]) == 4
    for member, row in zip(whole["members"], rows, strict=True):
        periods = member.pop("periods")
        assert {name: value or "" for name, value in member.items()}.items() <= row.items()
        assert periods[0]["level"] == row["period_level"]


def test_gaps_and_levels_are_periods_and_since_is_the_unbroken_run(stage):
    organization = Organization.objects.get(name="open")
    removal.disable(stage.max, actor=SERVER, reason="lost")
    enrolled(User.objects.get(pk=stage.max.pk))
    last = TwoFactorPeriod.objects.get(username="max", organization=organization, ended_at=None)

    data = evidence.exported(organization, stage.olga)

    assert evidence.levels_of(data, "max") == ["authenticator app", "none", "authenticator app"]
    row = next(row for row in evidence.rows_of(data) if row["username"] == "max")
    assert row["two_factor_since"] == f"{last.began_at:%Y-%m-%dT%H:%M:%S.%fZ}"
    ends = evidence.periods_of(data, "max")
    assert [ended for _level, _began, ended in ends[:-1]] == [began for _level, began, _ended in ends[1:]]


def test_a_stronger_method_breaks_no_run(stage):
    organization = Organization.objects.get(name="open")
    TwoFactorPeriod.objects.filter(username="max", organization=organization).update(level=1)
    Membership.objects.filter(username="max").update(two_factor_level=1)
    mirror(User, user=User.objects.get(pk=stage.max.pk), enabled=True)

    data = evidence.exported(organization, stage.olga)

    first, second = evidence.periods_of(data, "max")
    row = next(row for row in evidence.rows_of(data) if row["username"] == "max")
    assert (first[0], second[0]) == ("text messages", "authenticator app")
    assert (row["two_factor_since"], row["authenticator_app_since"]) == (first[1], second[1])


def test_who_left_is_there_with_the_end_and_without_the_address(stage):
    organization = Organization.objects.get(name="open")
    memberships.remove(organization, membership_of(stage.max, "open").pk, actor=SERVER)

    row = next(
        row
        for row in evidence.rows_of(evidence.exported(organization, stage.olga))
        if row["username"] == "max"
    )

    assert (row["status"], row["email"], row["role"], row["level"]) == ("left", "", "", "")
    assert row["left_at"] == row["period_ended_at"] != ""


def test_who_left_and_came_back_has_two_stays(stage):
    organization = Organization.objects.get(name="open")
    memberships.remove(organization, membership_of(stage.max, "open").pk, actor=SERVER)
    join(organization, stage.max)

    found = [
        one
        for one in evidence.members_of(evidence.exported(organization, stage.olga, "json"))
        if one["username"] == "max"
    ]

    assert [one["status"] for one in found] == ["left", "active"]
    assert found[0]["left_at"] < found[1]["joined_at"]


def test_who_is_deactivated_is_called_so(stage):
    deactivate(stage.max, reason="on leave", actor=SERVER)

    data = evidence.exported(Organization.objects.get(name="open"), stage.olga)

    assert next(row for row in evidence.rows_of(data) if row["username"] == "max")["status"] == "deactivated"


def test_before_the_first_period_nothing_is_known(stage):
    """A former release has written the membership, or its time before the periods were kept."""
    organization = Organization.objects.get(name="open")
    periods = TwoFactorPeriod.objects.filter(organization=organization)
    periods.filter(username="mia").delete()
    began = timezone.now() + timedelta(microseconds=1)
    periods.filter(username="max").update(began_at=began)

    data = evidence.exported(organization, stage.olga)

    assert evidence.levels_of(data, "mia") == ["unknown"]
    assert next(row for row in evidence.rows_of(data) if row["username"] == "mia")["level"] == "unknown"
    assert evidence.levels_of(data, "max") == ["unknown", "authenticator app"]


def test_invitations_and_unconfirmed_addresses_are_not_told(stage):
    organization = Organization.objects.get(name="open")
    memberships_before = len(evidence.rows_of(evidence.exported(organization, stage.olga)))
    stage.browser("olga").post("/app/open/settings/users/add", {"username": "eve"})
    User.objects.filter(pk=stage.max.pk).update(email_confirmed_at=None)

    rows = evidence.rows_of(evidence.exported(organization, stage.olga))

    assert len(rows) == memberships_before
    assert next(row for row in rows if row["username"] == "max")["email"] == ""


def test_ev_10_no_cell_is_a_formula_and_quotes_and_newlines_stay_in_their_cell(stage):
    organization = Organization.objects.get(name="open")
    User.objects.filter(pk=stage.max.pk).update(email='=cmd|"/c calc"!A1\r\n# signature,"x@example.com')
    User.objects.filter(pk=stage.mia.pk).update(email="@SUM(1)\n@example.com")

    data = evidence.exported(organization, stage.olga)
    whole = evidence.exported(organization, stage.olga, "json")

    cells = {one["username"]: one["email"] for one in evidence.members_of(whole)}
    assert cells["mia"] == "@SUM(1)\n@example.com"  # JSON runs no formulas
    assert b',"\'=cmd|""/c calc""!A1\r\n# signature,""x@example.com",' in data
    assert b',"\'@SUM(1)\n@example.com",' in data


def test_an_export_is_recorded_at_its_beginning_and_with_its_digest_at_its_end(stage):
    browser = stage.browser("olga")

    response = browser.post(evidence.page_of("open"), {"format": "csv"})
    (begun,) = evidence.events(evidence.STARTED)
    before = evidence.events(evidence.EXPORTED)
    data = evidence.content(response)
    (done,) = evidence.events(evidence.EXPORTED)

    assert begun == {"format": "csv"}
    assert before == []
    signed = data[: data.rfind(b"# signature,")]
    assert done["sha256"] == hashlib.sha256(signed).hexdigest()
    assert (done["rows"], done["key"]) == (4, EvidenceKey.objects.get().key_id)
    assert AuditEvent.objects.get(event=evidence.EXPORTED).actor == "user:olga"


def test_ev_12_a_download_that_is_broken_off_is_recorded_and_not_signed(stage):
    response = stage.browser("olga").post(evidence.page_of("open"), {"format": "json"})
    parts = iter(response.streaming_content)
    first = next(parts)
    del parts, response  # the browser has gone

    assert b'"signature"' not in first
    assert len(evidence.events(evidence.STARTED)) == 1
    assert evidence.events(evidence.EXPORTED) == []


def test_activity_says_what_was_exported(stage):
    browser = stage.browser("olga")
    data = evidence.downloaded(browser, "open")

    words = words_of(browser.get("/app/settings/activity"))

    assert "Exported signed two-factor evidence" in words
    assert (
        f"CSV, rows: 4, SHA-256: {hashlib.sha256(data[: data.rfind(b'# signature,')]).hexdigest()}" in words
    )


def test_r21_it_takes_a_fresh_proof_and_is_not_replayed(stage):
    browser = stage.browser("olga")
    let_sudo_expire(stage.olga)

    response = browser.post(evidence.page_of("open"), {"format": "csv"})

    page = evidence.page_of("open")
    assert response["Location"] == sudo_page(page, form=page)
    assert "export two-factor evidence" in words_of(browser.get(response["Location"]))
    assert evidence.events(evidence.STARTED) == []


@pytest.mark.parametrize("fields", [{}, {"format": ""}, {"format": "xlsx"}, {"format": "csv\x00"}])
def test_another_format_is_explained_and_exports_nothing(stage, fields):
    response = stage.browser("olga").post(evidence.page_of("open"), fields)

    assert response.status_code == 422
    assert evidence.events(evidence.STARTED) == []


def test_get_and_head_send_no_file(stage):
    browser = stage.browser("olga")

    assert browser.get(evidence.page_of("open"), {"format": "csv"})["Content-Type"].startswith("text/html")
    assert browser.head(evidence.page_of("open")).status_code == 200
    assert evidence.events(evidence.STARTED) == []


def test_the_answer_is_a_file_that_nobody_stores(stage):
    response = stage.browser("olga").post(evidence.page_of("open"), {"format": "json"})

    assert response["Content-Disposition"] == (
        f'attachment; filename="open-two-factor-{timezone.now():%Y-%m-%d}.json"'
    )
    assert "no-store" in response["Cache-Control"]
    evidence.content(response)


def test_exports_are_limited_for_each_person(stage):
    browser = stage.browser("olga")
    for _ in range(30):
        browser.post(evidence.page_of("open"), {"format": "csv"})

    refused = browser.post(evidence.page_of("open"), {"format": "csv"})

    assert refused.status_code == 429
    assert "You have exported evidence too often." in words_of(refused)
