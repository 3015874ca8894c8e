"""Pages of a date from which two-factor is required: set, changed, withdrawn, and read by members."""

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import ANY_METHOD, Level, User
from tests.organizations.policy.roll_out import (
    BERLIN,
    FORT,
    LIST,
    OPEN,
    REMIND,
    REQUIRE,
    SCHEDULE,
    WITHDRAW,
    comes_and_is_unmet,
    in_days,
    organization,
    schedule_for,
    subjects_to,
    words,
)
from tests.support.organizations import is_mandatory

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
