"""The pages on which an owner requires two-factor: what they show beforehand, from a date on, reminders."""

import csv
import re
from datetime import datetime, timedelta
from html import unescape

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import ANY_METHOD, ApiToken, AuditEvent, Level, User
from organizations.models import Membership, Organization, OrganizationDay
from organizations.policy import schedule
from tests.accounts.factors.sms.conftest import enrol_phone
from tests.support.organizations import SERVER, found, is_mandatory, let_sudo_expire, membership_of
from tests.support.people import make_user, sign_in
from tests.support.plenty import organization_with
from tests.support.two_factor import sudo_page

OPEN, FORT = "/app/open/settings/authentication", "/app/fort/settings/authentication"
REQUIRE, SCHEDULE, WITHDRAW = f"{OPEN}/require-two-factor", f"{OPEN}/schedule", f"{OPEN}/withdraw"
LIST, REMIND = f"{OPEN}/rehearsal", f"{OPEN}/remind"
BERLIN = "Europe/Berlin"


def organization(name="open"):
    return Organization.objects.get(name=name)


def words(response):
    """What the page says, in one line."""
    said = " ".join(unescape(re.sub("<[^>]*>", " ", response.content.decode())).split())
    return re.sub(r" ([.,:;)])", r"\1", said.replace("( ", "("))


def in_days(number):
    return (timezone.localtime() + timedelta(days=number)).date().isoformat()


def subjects_to(name):
    return [message.subject for message in mail.outbox if message.to == [f"{name}@example.com"]]


def schedule_for(days=10, level=ANY_METHOD, name="open"):
    return schedule.schedule(
        organization(name), timezone.now() + timedelta(days=days), level=level, actor=SERVER
    )


def by_text(stage, name):
    """Let somebody have text messages only."""
    stage.browsers[name] = enrol_phone(stage.people[name], stage.browser(name))


def comes_and_is_unmet():
    """Let the date of open come, as if the time had passed, while una lacks what it requires."""
    schedule_for()
    past = timezone.now() - timedelta(hours=2)
    Organization.objects.filter(name="open").update(required_from=past, due_at=past)


# ---------------------------------------------------------------- the rehearsal


def test_the_page_says_who_is_missing_and_what_would_happen(stage):
    page = stage.browser("olga").get(REQUIRE)

    said = words(page)
    assert "This owner hasn't enabled it: una" in said
    assert "2 of 4 members will be locked out" in said
    assert [*page.context["rehearsal"].named] == ["mia", "una"]
    assert "You can already require it from a date: they have until then." in said
    assert (
        'type="submit" disabled aria-describedby="missing-owners">Require two-factor' in page.content.decode()
    )
    assert f'name="member" value="{membership_of(stage.una, "open").pk}"' in page.content.decode()


def test_the_page_changes_nothing(stage):
    stage.browser("olga").get(REQUIRE)
    stage.browser("olga").get(f"{REQUIRE}?methods=app")

    assert not is_mandatory("open")
    assert organization().required_from is None


def test_the_page_counts_those_with_texts_only_where_they_do_not_count(stage):
    by_text(stage, "mia")
    stage.enrol("una")

    any_method = words(stage.browser("olga").get(f"{REQUIRE}?methods=any"))
    app_only = words(stage.browser("olga").get(f"{REQUIRE}?methods=app"))

    assert "nobody is locked out" in any_method
    assert "1 of 4 members will be locked out" in app_only
    assert "1 of them has two-factor authentication, but only by text message." in app_only


def test_the_page_tells_which_tokens_stop_and_which_go_on(stage):
    stage.browser("mia").post("/app/settings/tokens/create", {"description": "ci", "expires": "30"})
    ApiToken.objects.filter(owner=stage.mia).update(last_used_at=timezone.now())
    stage.browser("olga").post("/app/open/settings/authentication-tokens/owners/create", {"expires": "30"})

    said = words(stage.browser("olga").get(REQUIRE))

    assert "1 personal token that was used in the last 30 days stops working" in said
    assert "These tokens belong to the organization, not to a person, so they keep working: " in said


def test_an_app_can_be_required_at_once(stage):
    stage.enrol("una")
    mail.outbox.clear()

    response = stage.browser("olga").post(REQUIRE, {"methods": "app"})

    assert response.status_code == 302
    assert organization().required_level == Level.APP
    assert subjects_to("mia") == ["open requires an authenticator app"]
    assert "open now requires an authenticator app." in words(stage.browser("olga").get(OPEN))


def test_an_owner_with_texts_only_keeps_an_app_from_being_required(stage):
    by_text(stage, "una")

    response = stage.browser("olga").post(REQUIRE, {"methods": "app"})

    assert response.status_code == 422
    assert "You can't require an authenticator app yet. This owner hasn't set one up: una." in words(response)
    assert not is_mandatory("open")


def test_what_is_required_can_become_more_and_less(stage):
    browser = stage.browser("oscar")

    assert f"{FORT}/require-two-factor?methods=app" in browser.get(FORT).content.decode()
    browser.post(f"{FORT}/require-two-factor", {"methods": "app"})
    assert organization("fort").required_level == Level.APP
    assert f"{FORT}/require-two-factor?methods=any" in browser.get(FORT).content.decode()
    asked = words(browser.get(f"{FORT}/require-two-factor?methods=any"))
    browser.post(f"{FORT}/require-two-factor", {"methods": "any"})

    assert "You can accept text messages again. Everybody still needs two-factor authentication." in asked
    assert organization("fort").required_level == Level.TEXTS
    assert "fort accepts text messages again." in words(browser.get(FORT))


@pytest.mark.parametrize("methods", ["", "?methods=any", "?methods=nonsense"])
def test_what_is_required_already_is_not_asked_again(stage, methods):
    response = stage.browser("oscar").get(f"{FORT}/require-two-factor{methods}")

    assert response["Location"] == FORT


def test_a_proof_leads_back_to_the_methods_that_were_chosen(stage):
    browser = stage.browser("olga")
    let_sudo_expire(stage.olga)

    response = browser.post(REQUIRE, {"methods": "app", "next": f"{REQUIRE}?methods=app"})
    dated = browser.post(SCHEDULE, {"methods": "app", "next": f"{REQUIRE}?methods=app"})

    assert response["Location"] == sudo_page(f"{REQUIRE}?methods=app", REQUIRE)
    assert dated["Location"] == sudo_page(f"{REQUIRE}?methods=app", SCHEDULE)


# ---------------------------------------------------------------- from a date on


def test_a_date_is_suggested_within_what_is_possible(stage):
    form = stage.browser("olga").get(REQUIRE).context["form"]

    html = str(form["date"])
    assert f'value="{in_days(14)}"' in html
    assert f'min="{in_days(1)}"' in html or f'min="{in_days(2)}"' in html
    assert f'max="{in_days(90)}"' in html or f'max="{in_days(91)}"' in html
    assert '<option value="9" selected>09:00</option>' in str(form["hour"])


def test_a_date_is_set_in_the_zone_of_the_owner_while_an_owner_is_missing(stage):
    User.objects.filter(pk=stage.olga.pk).update(time_zone=BERLIN)
    browser, day = stage.browser("olga"), in_days(10)
    mail.outbox.clear()

    response = browser.post(SCHEDULE, {"methods": "any", "date": day, "hour": "9"})

    at = timezone.localtime(organization().required_from, stage.olga.__class__(time_zone=BERLIN).zone)
    assert response["Location"] == OPEN
    assert (at.date().isoformat(), at.hour, at.minute) == (day, 9, 0)
    assert organization().scheduled_level == ANY_METHOD
    assert not is_mandatory("open")
    assert "09:00 CE" in words(stage.browser("olga").get(OPEN))
    assert len(subjects_to("mia")) == len(subjects_to("olga")) == len(subjects_to("una")) == 1
    assert subjects_to("max") == []


def test_a_date_can_be_for_applications_only(stage):
    stage.browser("olga").post(SCHEDULE, {"methods": "app", "date": in_days(10), "hour": "9"})

    assert organization().scheduled_level == Level.APP
    assert "An authenticator app, not text messages, is required from" in words(
        stage.browser("olga").get(OPEN)
    )


@pytest.mark.parametrize(
    ("date", "hour", "told"),
    [
        ("", "9", "Choose a date."),
        ("31.03.2027", "9", "Enter a date such as 2027-03-31"),
        ("2027-02-31", "9", "Enter a date such as 2027-03-31"),
        ("2027-13-01", "9", "Enter a date such as 2027-03-31"),
        ("٢٠٢٧-٠٣-٣١", "9", "Enter a date such as 2027-03-31"),
        ("0000-01-01", "9", "Enter a date such as 2027-03-31"),
        ("soon", "9", "Enter a date such as 2027-03-31"),
        ("0001-01-01", "0", "Choose a time from"),
        ("9999-12-31", "23", "Choose a time from"),
        ("2001-01-01", "9", "Choose a time from"),
        ("today", "0", "Choose a time from"),
        ("in 92 days", "9", "Choose a time from"),
        ("in 10 days", "24", "Choose one of the options."),
        ("in 10 days", "", "Fill in this field."),
        ("in 10 days", "nine", "Choose one of the options."),
    ],
)
@pytest.mark.parametrize("zone", ["", "Pacific/Kiritimati", "America/Los_Angeles"])
def test_a_wrong_date_is_told_beside_the_field_and_kept(stage, date, hour, told, zone):
    User.objects.filter(pk=stage.olga.pk).update(time_zone=zone)
    date = {"today": in_days(0), "in 10 days": in_days(10), "in 92 days": in_days(92)}.get(date, date)
    browser = stage.browser("olga")
    mail.outbox.clear()

    response = browser.post(SCHEDULE, {"methods": "app", "date": date, "hour": hour})

    page = response.content.decode()
    assert response.status_code == 422
    assert told in words(response)
    assert 'aria-invalid="true"' in page
    assert f'value="{date}"' in page or not date
    assert 'name="methods" value="app"' in page
    assert organization().required_from is None
    assert mail.outbox == []


def test_a_date_that_is_none_comes_back_in_a_field_that_shows_it(stage):
    page = stage.browser("olga").post(SCHEDULE, {"date": "31.03.2027", "hour": "9"})

    assert 'type="text" name="date" value="31.03.2027"' in str(page.context["form"]["date"])


def test_a_date_is_read_with_what_is_pasted_around_it(stage):
    stage.browser("olga").post(SCHEDULE, {"date": f"\ufeff {in_days(10)}\u200b ", "hour": "9"})

    assert organization().required_from is not None


def test_a_date_changes_and_is_announced_again(stage):
    was = timezone.localtime(schedule_for().required_from).date()  # a full hour: late at night tomorrow's
    mail.outbox.clear()
    page = stage.browser("olga").get(f"{REQUIRE}?methods=any")

    stage.browser("olga").post(SCHEDULE, {"methods": "any", "date": in_days(20), "hour": "12"})

    assert f'value="{was.isoformat()}"' in str(page.context["form"]["date"])
    assert "Change the date" in words(page)
    assert timezone.localtime(organization().required_from).date().isoformat() == in_days(20)
    assert len(subjects_to("mia")) == 1


def test_a_date_that_would_change_nothing_leads_back(stage):
    response = stage.browser("oscar").post(
        f"{FORT}/schedule", {"methods": "any", "date": in_days(10), "hour": "9"}
    )

    assert response["Location"] == FORT
    assert "fort already requires this. A date wouldn't change anything." in words(
        stage.browser("oscar").get(FORT)
    )


def test_a_date_for_applications_where_any_method_is_required(stage):
    stage.browser("oscar").post(f"{FORT}/schedule", {"methods": "app", "date": in_days(10), "hour": "9"})

    said = words(stage.browser("oscar").get(FORT))
    assert organization("fort").required_level == ANY_METHOD
    assert "An authenticator app, not text messages, is required from" in said
    assert "This organization requires two-factor authentication for everybody." in said


# ---------------------------------------------------------------- the date, to owners and members


def test_members_read_what_comes_and_are_led_in(stage):
    schedule_for()

    missing, ready = stage.browser("mia").get(OPEN), stage.browser("max").get(OPEN)

    assert "This organization requires two-factor authentication for all members from" in words(missing)
    assert "(in 10 days)" in words(missing)
    assert "You haven't set it up yet. Without it, you'll be locked out." in words(missing)
    assert f"/app/settings/two-factor?next={OPEN}" in missing.content.decode()
    assert "You've already set it up, so nothing changes for you." in words(ready)
    for page in (missing, ready):
        assert "una" not in words(page)
        assert WITHDRAW not in page.content.decode()


def test_a_date_that_is_put_off_names_the_owners_who_are_missing(stage):
    comes_and_is_unmet()

    owner, member = words(stage.browser("olga").get(OPEN)), words(stage.browser("mia").get(OPEN))

    assert "It has been put off, and nobody is locked out, because not all owners have set it up." in owner
    assert "This owner hasn't set it up: una" in owner
    assert "una" not in member
    assert "This organization will soon require two-factor authentication" in member


def test_a_date_that_has_come_and_is_met_reads_as_required(stage):
    comes_and_is_unmet()
    stage.enrol("una")

    said = words(stage.browser("olga").get(OPEN))

    assert "This organization requires two-factor authentication for everybody." in said
    assert "put off" not in said
    assert "1 of 4 members is locked out." in said


def test_a_date_is_withdrawn_after_a_page_that_asks(stage):
    schedule_for()
    mail.outbox.clear()

    asked = stage.browser("olga").get(WITHDRAW)
    done = stage.browser("olga").post(WITHDRAW)

    assert "open is going to require two-factor authentication from" in words(asked)
    assert done["Location"] == OPEN
    assert organization().required_from is None
    assert len(subjects_to("mia")) == len(subjects_to("una")) == 1


def test_there_may_be_no_date_to_withdraw(stage):
    for response in (stage.browser("olga").get(WITHDRAW), stage.browser("olga").post(WITHDRAW)):
        assert response["Location"] == OPEN
    assert "There is no date to withdraw." in words(stage.browser("olga").get(OPEN))


@pytest.mark.parametrize("path", [SCHEDULE, REMIND])
def test_addresses_that_only_act_lead_to_their_page(stage, path):
    assert stage.browser("olga").get(path)["Location"] == {SCHEDULE: REQUIRE, REMIND: LIST}[path]


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
