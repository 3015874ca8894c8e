"""The page on which an owner requires two-factor: what it shows beforehand, and what it does."""

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import ApiToken, Level
from tests.organizations.policy.roll_out import (
    FORT,
    OPEN,
    REQUIRE,
    SCHEDULE,
    by_text,
    organization,
    subjects_to,
    words,
)
from tests.support.organizations import is_mandatory, let_sudo_expire, membership_of
from tests.support.two_factor import sudo_page

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
