"""The page on which an owner refuses personal tokens, or accepts them again (AF3)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ApiToken, AuditEvent, User
from accounts.web.keyset import PAGE_SIZE
from organizations.models import Membership, Organization, OrganizationToken
from organizations.policy import user_tokens
from tests.api.clients import api_client, token_of
from tests.support import people
from tests.support.organizations import SERVER, let_sudo_expire
from tests.support.pages import words_of
from tests.support.two_factor import sudo_page

pytestmark = pytest.mark.django_db

TOKENS = "/app/open/settings/authentication-tokens"
PAGE = f"{TOKENS}/personal"
DISABLE, ENABLE = f"{PAGE}/disable", f"{PAGE}/enable"


def is_on():
    return Organization.objects.get(name="open").user_tokens_enabled


def events():
    found = AuditEvent.objects.filter(event="organization.user_tokens_changed").order_by("pk")
    return [(event.actor, event.data["enabled"]) for event in found]


def used(user, days, *, description="ci", **fields):
    """A token that was used so many days ago."""
    token_of(user, description=description)
    last = timezone.now() - timedelta(days=days)
    ApiToken.objects.filter(pk=user.api_tokens.latest("pk").pk).update(last_used_at=last, **fields)


def rows_on(page):
    text = page.content.decode()
    return [one.split("</th>")[0] for one in text.split('<tr><th scope="row">')[1:]]


def test_af3_refused_and_accepted_again_on_the_page_without_any_token(stage, mailoutbox):
    browser, program = stage.browser("olga"), api_client(stage.olga)
    OrganizationToken.objects.all().delete()

    asked = browser.get(PAGE)
    off = browser.post(DISABLE, follow=True)
    refused = program.get("/organizations/open").status_code
    asked_back = browser.get(PAGE)
    on = browser.post(ENABLE, follow=True)

    assert "will refuse every personal token at once, including yours" in words_of(asked)
    assert "open no longer accepts personal tokens." in words_of(off)
    assert refused == 403
    assert "open refuses personal tokens." in words_of(asked_back)
    assert "open accepts personal tokens again." in words_of(on)
    assert program.get("/organizations/open").status_code == 200
    assert events() == [("user:olga", False), ("user:olga", True)]


def test_af3_looking_changes_nothing(stage):
    assert stage.browser("olga").get(PAGE).status_code == 200
    for path in (DISABLE, ENABLE):
        assert stage.browser("olga").get(path).status_code == 303
    assert is_on()


@pytest.mark.parametrize("path", [DISABLE, ENABLE])
def test_af3_a_fresh_proof_comes_first(stage, path):
    browser = stage.browser("olga")
    before = is_on()
    let_sudo_expire(stage.olga)

    response = browser.post(path)

    assert response["Location"] == sudo_page(PAGE, path)
    assert is_on() == before
    assert events() == []


def test_af3_all_owners_are_told_who_did_it(stage, mailoutbox):
    stage.browser("olga").post(DISABLE)
    stage.browser("olga").post(ENABLE)

    off = [mail for mail in mailoutbox if mail.subject == "open no longer accepts personal tokens"]
    on = [mail for mail in mailoutbox if mail.subject == "open accepts personal tokens again"]
    for mails in (off, on):
        assert sorted(mail.to[0] for mail in mails) == ["olga@example.com", "una@example.com"]
        assert all("By: olga\n" in mail.body and TOKENS in mail.body for mail in mails)


def test_af3_the_same_again_is_no_change(stage, mailoutbox):
    stage.browser("olga").post(DISABLE)

    again = stage.browser("una").post(DISABLE)

    assert again["Location"] == TOKENS
    assert len(events()) == 1
    assert sum("personal tokens" in mail.subject for mail in mailoutbox) == 2  # owners


def test_af3_shows_beforehand_whose_tokens_were_used_lately(stage):
    used(stage.una, 3)
    used(stage.una, 29)
    used(stage.max, 1)
    used(stage.mia, 31)  # too long ago
    used(stage.olga, 2, expires_at=timezone.now() - timedelta(days=1))  # no longer works
    used(stage.eve, 1)  # no member
    token_of(stage.mia)  # never used

    page = stage.browser("olga").get(PAGE)

    assert rows_on(page) == ["max", "una"]
    assert "una</th><td>2</td>" in page.content.decode()
    assert "We don't record for which organization a token is used" in words_of(page)


def test_af3_what_they_are_for_stays_their_own_business(stage):
    used(stage.max, 1, description="secret plan of max")

    for path in (PAGE, TOKENS):
        assert "secret plan" not in words_of(stage.browser("olga").get(path))


def test_af3_people_who_can_not_use_theirs_are_left_out(stage):
    used(stage.max, 1)
    User.objects.filter(pk=stage.max.pk).update(is_active=False)

    assert "Nobody used a personal token in the last" in words_of(stage.browser("olga").get(PAGE))


def test_af3_the_list_has_an_end(stage):
    used(stage.una, 3)
    now, open_ = timezone.now(), Organization.objects.get(name="open")
    crowd = User.objects.bulk_create(
        User(username=f"u{n}", email=f"u{n}@example.com") for n in range(PAGE_SIZE)
    )
    Membership.objects.bulk_create(
        Membership(organization=open_, user=one, username=one.username, status="active", joined_at=now)
        for one in crowd
    )
    ApiToken.objects.bulk_create(
        ApiToken(owner=one, token_hash=one.username, last_used_at=now) for one in crowd
    )

    first, second, third = (stage.browser("olga").get(PAGE, {"page": number}) for number in (1, 2, 3))

    assert "una" not in rows_on(first)
    assert len(rows_on(first)) == PAGE_SIZE
    assert "1–20 of 21" in words_of(first)
    assert list(rows_on(second)) == ["una"]
    assert "21–21 of 21" in words_of(second)
    assert "There is nothing on this page." in words_of(third)


@pytest.mark.parametrize("who", ["olga", "max", "mia"])
def test_af3_every_member_sees_how_it_is(stage, who):
    browser, page = stage.browser(who), "/app/open/settings/authentication"
    on = words_of(browser.get(page))
    user_tokens.set_user_tokens(Organization.objects.get(name="open"), False, actor=SERVER)

    off = words_of(browser.get(page))

    assert "Members can use the API for open with their personal tokens" in on
    assert "open doesn't accept personal tokens, not even those of owners" in off
    assert "No personal tokens" in words_of(browser.get("/app/open"))
    assert ("Change this" in off) == (who == "olga")


def test_af3_owners_without_two_factor_switch_it_too(stage):
    stage.browser("una").post(DISABLE)

    assert not is_on()
    assert people.PASSWORD not in str(events())
