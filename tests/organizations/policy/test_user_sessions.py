"""User Sessions of an organization (D11, R48): owners shorten the sessions of those who have accepted."""

import re

import pytest
from django.core import mail
from django.db import IntegrityError

from accounts.management import due_work
from accounts.models import AuditEvent
from organizations.lifecycle import delete_organization
from organizations.members.memberships import remove
from organizations.models import Organization
from tests.organizations.policy.session_times import (
    PAGE,
    UPDATE,
    age,
    age_browser,
    is_asked,
    is_in,
    limit,
    remember,
)
from tests.support import people
from tests.support.organizations import SERVER, found, let_sudo_expire
from tests.support.statements import sent, statements
from tests.support.two_factor import sudo_page

pytestmark = pytest.mark.django_db


LONGEST = 20160


def limits_of(name="open"):
    organization = Organization.objects.get(name=name)
    return organization.session_timeout, organization.session_remember


def events():
    return AuditEvent.objects.filter(event="organization.user_sessions_changed")


# ---------------------------------------------------------------- the page


def test_the_page_says_what_the_picture_says(stage):
    page = stage.browser("olga").get(PAGE).content.decode()

    for words in ("User Sessions", "Timeout in", "Remember for", "minutes", "Update User Sessions"):
        assert words in page
    assert page.count("Use default") == 2
    assert page.count('placeholder="20160"') == 2
    assert page.index("User Sessions") < page.index("Two-factor Authentication</h2>")
    assert re.search(r'name="session_timeout_default"[^>]* data-disables="id_session_timeout"', page)


def test_an_owner_sets_both(stage):
    response = stage.browser("olga").post(UPDATE, {"session_timeout": "60", "session_remember": "1440"})

    assert response["Location"] == PAGE
    assert limits_of() == (60, 1440)
    page = stage.browser("olga").get(PAGE).content.decode()
    assert 'name="session_timeout" value="60"' in page
    assert 'name="session_remember" value="1440"' in page
    assert "checked" not in page


def test_use_default_and_nothing_both_mean_the_default(stage):
    limit("open", timeout=60, remember=60)

    stage.browser("olga").post(UPDATE, {"session_timeout_default": "on", "session_remember": ""})

    assert limits_of() == (None, None)


def test_ticking_the_box_without_javascript_takes_the_number_back(stage):
    limit("open", timeout=60)

    stage.browser("olga").post(UPDATE, {"session_timeout": "60", "session_timeout_default": "on"})

    assert limits_of() == (None, None)


def test_a_new_number_beside_a_ticked_box_is_asked_about(stage):
    response = stage.browser("olga").post(UPDATE, {"session_timeout": "60", "session_timeout_default": "on"})

    assert response.status_code == 422
    assert "Untick “Use default” to set a number of minutes." in response.content.decode()
    assert limits_of() == (None, None)


@pytest.mark.parametrize(
    "minutes", ["59", "20161", "0", "-60", "60.5", "1e3", "sixty", "٦٠ minutes", "9" * 400, "60, 60"]
)
@pytest.mark.parametrize("field", ["session_timeout", "session_remember"])
def test_d11_an_owner_may_only_shorten_and_not_below_an_hour(stage, field, minutes):
    response = stage.browser("olga").post(UPDATE, {field: minutes})

    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.content.decode()
    assert limits_of() == (None, None)


@pytest.mark.parametrize("minutes", [60, 20160])
def test_d11_the_bounds_themselves_are_good(stage, minutes):
    stage.browser("olga").post(UPDATE, {"session_timeout": minutes, "session_remember": minutes})

    assert limits_of() == (minutes, minutes)


@pytest.mark.parametrize("field", ["session_timeout", "session_remember"])
@pytest.mark.parametrize("minutes", [59, 20161])
def test_d11_the_database_refuses_them_too(stage, field, minutes):
    with pytest.raises(IntegrityError):
        Organization.objects.filter(name="open").update(**{field: minutes})


def test_members_read_what_holds_and_change_nothing(stage):
    limit("open", timeout=90)

    page = stage.browser("max").get(PAGE).content.decode()
    response = stage.browser("max").post(UPDATE, {"session_timeout": "60"})

    assert "We sign you out after 1 hour and 30 minutes of inactivity, and 14 days after you sign in" in page
    assert "Update User Sessions" not in page
    assert response.status_code == 403
    assert limits_of() == (90, None)


def test_it_needs_sudo(stage):
    browser = stage.browser("olga")
    let_sudo_expire(stage.olga)

    response = browser.post(UPDATE, {"session_timeout": "60"})

    assert response["Location"] == sudo_page(PAGE, UPDATE)
    assert limits_of() == (None, None)
    assert browser.get(UPDATE)["Location"] == PAGE


def test_it_is_recorded_once_and_told_to_the_owners(stage):
    mail.outbox.clear()

    for _ in range(2):
        stage.browser("olga").post(UPDATE, {"session_timeout": "60"})

    [event] = events()
    assert (event.actor, event.subject) == ("user:olga", "organization:open")
    assert event.data == {"before": [None, None], "after": [60, None]}
    told = [message for message in mail.outbox if "open changed how long" in message.subject]
    assert sorted(message.to[0] for message in told) == ["olga@example.com", "una@example.com"]
    assert "after 1 hour without use, and 14 days after" in " ".join(told[0].body.split())


# ---------------------------------------------------------------- what it costs and leaves


def test_what_a_limit_has_ended_does_not_come_back_with_the_default(stage):
    limit("open", timeout=60, remember=120)
    idle, old = stage.browser("max"), stage.browser("mia")
    kept = stage.browser("una")
    client = remember(stage)
    age(stage.max, idle=61)
    age(stage.mia, since=121)
    age(stage.una, since=119)
    age_browser(121)

    limit("open")

    for _ in range(2):  # while the limits from before stay in force, and once they are let go
        assert not is_in(idle)
        assert not is_in(old)
        assert is_in(kept)
        assert is_asked(client, stage.max)
        due_work.steps["shortened sessions deleted"].work()
    open_ = Organization.objects.get(name="open")
    assert (open_.former_timeout, open_.former_remember) == (None, None)


def test_a_limit_that_becomes_longer_in_steps_lets_nothing_back(stage):
    limit("open", timeout=60)
    browser = stage.browser("max")
    age(stage.max, idle=61)

    for longer in (120, 90, None):  # it becomes shorter in between
        limit("open", timeout=longer)
        assert Organization.objects.get(name="open").former_timeout == 60

    assert not is_in(browser)
    due_work.steps["shortened sessions deleted"].work()
    assert not is_in(browser)


def test_a_limit_that_becomes_longer_is_in_force_after_the_next_run(stage):
    limit("open", timeout=60)
    browser = stage.browser("max")
    limit("open", timeout=120)
    due_work.steps["shortened sessions deleted"].work()

    age(stage.max, idle=119)

    assert is_in(browser)


def test_a_limit_that_becomes_shorter_leaves_nothing_to_do(stage):
    limit("open", timeout=120, remember=120)
    limit("open", timeout=60, remember=60)

    open_ = Organization.objects.get(name="open")
    assert (open_.former_timeout, open_.former_remember) == (None, None)


@pytest.mark.parametrize("way", ["leave", "removed", "deleted"])
def test_what_a_limit_has_ended_does_not_come_back_without_the_organization(stage, way):
    limit("open", timeout=60)
    idle, browser = stage.browser("mia"), None
    age(stage.mia, idle=61)
    open_ = Organization.objects.get(name="open")

    if way == "leave":
        browser = people.sign_in(stage.mia, stage.apps.get("mia"))
        browser.post("/app/open/leave")
    elif way == "removed":
        membership = open_.memberships.get(user=stage.mia)
        remove(open_, membership.pk, actor=SERVER)
    else:
        delete_organization(open_, actor=SERVER)

    assert not open_.memberships.filter(user=stage.mia).exists()
    assert not is_in(idle)
    assert browser is None or is_in(browser)


def test_ended_sessions_are_on_no_list(stage):
    limit("open", timeout=60)
    stage.browser("max")
    age(stage.max, idle=61)

    entries = people.sign_in(stage.max, stage.apps["max"]).get("/app/settings/sessions").context["entries"]

    assert len(entries) == 1


def test_it_costs_no_statement(stage):
    counted = []
    for minutes in (None, 60):
        limit("open", timeout=minutes, remember=minutes)
        browser = people.sign_in(stage.max, stage.apps["max"])
        with sent() as queries:
            browser.get("/app/settings/profile")
        counted.append(len(statements(queries)))

    assert counted == [2, 2]


def test_somebody_in_no_organization_keeps_the_default(stage):
    browser = stage.browser("eve")

    age(stage.eve, idle=LONGEST - 1)
    assert is_in(browser)
    age(stage.eve, idle=LONGEST)

    assert not is_in(browser)


def test_a_limit_of_the_longest_time_is_the_default(stage):
    limit("open", timeout=LONGEST, remember=LONGEST)
    browser = stage.browser("max")

    age(stage.max, idle=LONGEST - 1)

    assert is_in(browser)


def test_an_organization_that_is_deleted_shortens_nothing(stage):
    una = stage.people["una"]
    organization = found("short", una)
    limit("short", timeout=60)
    browser = stage.browser("una")
    browser.post("/app/short/settings/general/delete", {"name": "short"})

    age(una, idle=300)

    assert not Organization.objects.filter(pk=organization.pk).exists()
    assert is_in(browser)
