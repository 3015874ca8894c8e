"""Pages of who has not set up two-factor: the list, its file, reminders, and progress."""

import csv
from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import AuditEvent, Level
from organizations.models import Membership, OrganizationDay
from tests.organizations.policy.roll_out import (
    LIST,
    OPEN,
    REMIND,
    REQUIRE,
    by_text,
    organization,
    schedule_for,
    subjects_to,
    words,
)
from tests.support.organizations import found, membership_of
from tests.support.people import make_user, sign_in
from tests.support.plenty import organization_with

# ---------------------------------------------------------------- who is missing


def test_the_list_has_those_who_would_be_locked_out(stage):
    by_text(stage, "mia")

    any_method = stage.browser("olga").get(f"{LIST}?methods=any")
    app_only = stage.browser("olga").get(f"{LIST}?methods=app")

    assert [row.member.username for row in any_method.context["missing"]] == ["una"]
    assert [row.member.username for row in app_only.context["missing"]] == ["mia", "una"]
    assert "Text messages only" in words(app_only)
    assert "mia@example.com" in words(app_only)


def test_the_list_is_of_what_is_demanded_unless_asked_otherwise(stage):
    by_text(stage, "mia")
    schedule_for(level=Level.APP)

    page = stage.browser("olga").get(LIST)

    assert [row.member.username for row in page.context["missing"]] == ["mia", "una"]


def test_the_list_says_when_nobody_is_missing(stage):
    for name in ("mia", "una"):
        stage.enrol(name)

    page = stage.browser("olga").get(LIST)

    assert "Everybody has two-factor authentication" in words(page)
    assert "Download" not in words(page)


def test_the_list_is_paged_and_the_file_has_all(db):
    owner = make_user("owner")
    organization_with(45, "crowd", owner)
    Membership.objects.filter(organization__name="crowd").update(two_factor_enabled=False, two_factor_level=0)
    browser, path = sign_in(owner), "/app/crowd/settings/authentication/rehearsal"

    names, url = [], path
    while url:
        page = browser.get(url)
        names += [row.member.username for row in page.context["missing"]]
        url = page.context.get("next_url")
    answer = browser.post(f"{path}/export", {"methods": "any"})
    rows = list(csv.DictReader(answer.getvalue().decode().splitlines()))

    assert len(names) == 46
    assert names == sorted(names) == [row["username"] for row in rows]
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="crowd-not-set-up.csv"'


def test_the_file_says_what_is_known_of_each(stage):
    by_text(stage, "mia")
    stage.browser("olga").post(REMIND, {"member": membership_of(stage.una, "open").pk})

    answer = stage.browser("olga").post(f"{LIST}/export", {"methods": "app"})
    mia, una = csv.DictReader(answer.getvalue().decode().splitlines())

    assert (mia["email"], mia["role"], mia["two_factor"], mia["last_reminded_at"]) == (
        "mia@example.com",
        "member",
        "text messages",
        "",
    )
    assert (una["role"], una["two_factor"]) == ("owner", "none")
    assert datetime.fromisoformat(una["last_reminded_at"]) <= timezone.now()
    event = AuditEvent.objects.get(event="organization.missing_exported")
    assert (event.actor, event.data) == ("user:olga", {"format": "csv", "texts": False})


def test_the_file_has_no_formulas(db):
    owner = make_user("owner")
    found("acme", owner, members=[make_user("-cmd", email="cmd@example.com")])

    page = "/app/acme/settings/authentication/rehearsal/export"
    rows = sign_in(owner).post(page, {"methods": "any"}).getvalue().decode()

    assert "\r\n'-cmd," in rows


@pytest.mark.parametrize("query", ["after=nonsense", "before=x", "after=%00"])
def test_a_malformed_place_in_the_list_is_a_bad_request(stage, query):
    assert stage.browser("olga").get(f"{LIST}?{query}").status_code == 400


# ---------------------------------------------------------------- reminders


def test_one_member_is_reminded_once_a_day(stage):
    pk = membership_of(stage.mia, "open").pk
    mail.outbox.clear()
    browser = stage.browser("olga")

    first = browser.post(REMIND, {"member": pk, "next": f"{LIST}?methods=any"})
    again = browser.post(REMIND, {"member": pk})

    assert first["Location"] == f"{LIST}?methods=any"
    assert subjects_to("mia") == ["Set up two-factor authentication for open"]
    assert subjects_to("una") == []
    assert again.status_code == 422
    assert "You can remind mia again from" in words(again)
    assert f'disabled aria-describedby="again-{pk}"' in browser.get(LIST).content.decode()
    assert "again from" in words(browser.get(LIST))


def test_all_are_reminded_once_a_day(stage):
    mail.outbox.clear()
    browser = stage.browser("olga")

    first = browser.post(REMIND)
    said = words(browser.get(LIST))
    again = browser.post(REMIND)

    assert first.status_code == 302
    assert "Everybody who hasn't set it up gets a reminder" in said
    assert len(subjects_to("mia")) == len(subjects_to("una")) == 1
    assert subjects_to("max") == []
    assert again.status_code == 422
    assert "You can remind everybody again from" in words(again)
    assert 'disabled aria-describedby="all-again"' in browser.get(OPEN).content.decode()


def test_an_owner_is_reminded_from_the_page_that_requires(stage):
    pk = membership_of(stage.una, "open").pk

    response = stage.browser("olga").post(REMIND, {"member": pk, "next": f"{REQUIRE}?methods=any"})

    assert response["Location"] == f"{REQUIRE}?methods=any"
    assert f"again-{pk}" in stage.browser("olga").get(REQUIRE).content.decode()


def test_whoever_has_it_is_not_reminded(stage):
    response = stage.browser("olga").post(REMIND, {"member": membership_of(stage.max, "open").pk})

    assert response.status_code == 422
    assert "There is nobody to remind" in words(response)


@pytest.mark.parametrize("member", ["0", "-1", "x", "", "99999999999999999999", "9223372036854775807", "٣"])
def test_somebody_who_is_no_member_can_not_be_reminded(stage, member):
    assert stage.browser("olga").post(REMIND, {"member": member}).status_code == 404


def test_members_of_others_can_not_be_reminded(stage):
    pk = membership_of(stage.mia, "fort").pk

    assert stage.browser("olga").post(REMIND, {"member": pk}).status_code == 404


# ---------------------------------------------------------------- progress


def test_progress_is_told_in_words_a_picture_and_figures(stage):
    today = timezone.now().date()
    monday = today - timedelta(days=today.weekday())
    open_ = organization()
    OrganizationDay.objects.filter(organization=open_).delete()
    for days, without in ((9, 4), (8, 3)):
        OrganizationDay.objects.create(
            organization=open_,
            day=monday - timedelta(days=days),
            members=4,
            without_two_factor=without,
            with_texts_only=0,
        )

    page = stage.browser("olga").get(OPEN)

    html = page.content.decode()
    assert "2 of 4 members have set up two-factor authentication, 1 since Monday." in words(page)
    assert '<svg class="chart"' in html
    assert 'role="img" aria-labelledby="chart-title chart-text"' in html
    assert html.count("chart-part") == len(page.context["progress"].points)
    assert f"From 0 of 4 to 1 of 4 in {today.weekday() + 10} days." in words(page)
    assert "style=" not in html


def test_progress_is_for_owners_and_while_there_is_something_to_see(stage):
    member = stage.browser("mia").get(OPEN)
    owner = stage.browser("olga").get(OPEN)
    for name in ("mia", "una"):
        stage.enrol(name)
    done = stage.browser("olga").get(OPEN)

    assert [page.content.decode().count('id="progress"') for page in (member, owner, done)] == [0, 1, 0]
