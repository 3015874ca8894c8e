"""Organization settings > API Tokens: one of each kind, made, regenerated and deleted by owners."""

from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, hash_of_token
from organizations.models import OrganizationToken
from tests.api.clients import ApiClient
from tests.support.organizations import let_sudo_expire
from tests.support.pages import secret_on
from tests.support.two_factor import answer, sudo_page

pytestmark = pytest.mark.django_db

PAGE = "/app/open/settings/authentication-tokens"
KINDS = ["organization", "owners"]


def text_of(response):
    return " ".join(unescape(response.content.decode()).split())


def create(client, kind, page=PAGE, **fields):
    return client.post(f"{page}/{kind}/create", {"expires": "90"} | fields)


def status_with(secret, name="open"):
    return ApiClient(secret).get(f"/organizations/{name}").status_code


def test_without_tokens_the_page_says_so_and_what_each_may_do(stage):
    page = text_of(stage.browser("olga").get(PAGE))

    assert page.count("None. A token that you create appears here.") == 2
    assert page.count("Create token") == 2
    assert "It can't make anybody an owner, change other settings, or create tokens." in page
    assert "It can't change other settings or delete the organization" in page


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_is_shown_once_and_works(stage, kind):
    client = stage.browser("olga")

    response = create(client, kind)
    secret = secret_on(response)
    page = client.get(PAGE)

    assert response["Cache-Control"] == "no-store"
    assert status_with(secret) == 200
    assert secret not in page.content.decode() + str(client.cookies)
    assert hash_of_token(secret) not in page.content.decode()
    for words in ("Created by olga", "expires", "never used", "Regenerate"):
        assert words in text_of(page)
    token = OrganizationToken.objects.get()
    assert (token.kind, token.verified) == (kind, True)


@pytest.mark.parametrize("kind", KINDS)
def test_regenerating_ends_the_former_one(stage, kind):
    client = stage.browser("olga")

    secrets = [secret_on(create(client, kind)) for _ in range(2)]

    assert [status_with(secret) for secret in secrets] == [401, 200]
    assert "This token stops working at once" in text_of(client.get(PAGE))


def test_both_kinds_are_there_at_once_and_one_is_deleted(stage):
    client = stage.browser("olga")
    secrets = [secret_on(create(client, kind)) for kind in KINDS]

    first, second = client.post(f"{PAGE}/owners/delete"), client.post(f"{PAGE}/owners/delete")

    assert first["Location"] == second["Location"] == PAGE
    assert [status_with(secret) for secret in secrets] == [200, 401]
    page = text_of(client.get(PAGE))
    assert "That token no longer exists." in page
    assert page.count("None. A token that you create appears here.") == 1
    assert AuditEvent.objects.filter(event="organization.token_revoked").count() == 1


@pytest.mark.parametrize(("chosen", "days"), [("30", 30), ("365", 365), ("never", None)])
def test_a_token_expires_as_chosen(stage, chosen, days):
    create(stage.browser("olga"), "owners", expires=chosen)

    end = OrganizationToken.objects.get().expires_at
    assert (
        end is None
        if days is None
        else abs(end - timezone.now() - timedelta(days=days)) < timedelta(minutes=1)
    )


@pytest.mark.parametrize("expires", ["", "7", "soon"])
def test_another_expiry_is_refused_and_the_former_token_stays(stage, expires):
    client = stage.browser("olga")
    secret = secret_on(create(client, "owners"))

    response = create(client, "owners", expires=expires)

    assert response.status_code == 422
    assert response.content.decode().count('class="errorlist"') == 1
    assert status_with(secret) == 200


def test_another_kind_is_none(stage):
    client = stage.browser("olga")

    assert create(client, "audit-trails").status_code == 404
    assert client.post(f"{PAGE}/audit-trails/delete").status_code == 404


def test_a_fresh_proof_comes_first(stage):
    client = stage.browser("olga")
    secret = secret_on(create(client, "owners"))
    let_sudo_expire(stage.olga)

    for action in ("create", "delete"):
        asked = client.post(f"{PAGE}/owners/{action}", {"expires": "30"})
        assert asked["Location"] == sudo_page(PAGE, f"{PAGE}/owners/{action}")
    assert status_with(secret) == 200
    assert answer(client, stage.apps["olga"].fresh_code(), asked["Location"])["Location"] == PAGE


@pytest.mark.parametrize(("who", "status"), [("mia", 403), ("max", 403), ("eve", 404), ("root", 404)])
def test_only_owners_see_and_do_it(stage, who, status):
    client = stage.browser(who)

    assert client.get(PAGE).status_code == status
    for kind in KINDS:
        assert create(client, kind).status_code == status
        assert client.post(f"{PAGE}/{kind}/delete").status_code == status
    assert not OrganizationToken.objects.exists()
    if status == 403:
        assert "API Tokens" not in text_of(client.get("/app/open/settings/authentication"))


def test_an_owner_without_two_factor_makes_one_that_is_not_verified(stage):
    create(stage.browser("una"), "owners")

    assert not OrganizationToken.objects.get().verified


def test_one_that_is_not_verified_is_marked_where_two_factor_is_required(stage):
    page = "/app/fort/settings/authentication-tokens"
    create(stage.browser("olga"), "owners", page)
    assert "Created without two-factor" not in text_of(stage.browser("olga").get(page))
    OrganizationToken.objects.update(verified=False)

    assert "Created without two-factor" in text_of(stage.browser("olga").get(page))


def test_an_expired_one_is_shown_as_expired(stage):
    create(stage.browser("olga"), "owners")
    OrganizationToken.objects.update(expires_at=timezone.now() - timedelta(days=1))

    page = text_of(stage.browser("olga").get(PAGE))

    assert "This token has expired" in page
    assert "Regenerate" in page


def test_all_owners_are_told_and_what_to_do_about_it(stage, mailoutbox):
    create(stage.browser("olga"), "organization")
    create(stage.browser("olga"), "organization")

    mails = mailoutbox[-4:]
    assert sorted(mail.to[0] for mail in mails) == sorted([stage.olga.email, stage.una.email] * 2)
    for mail in mails:
        assert mail.subject == "A new token for the organization open"
        assert "By: olga" in mail.body
        assert "If no owner intended this, delete the token." in mail.body
    assert "The previous one no longer works." not in mails[0].body
    assert "The previous one no longer works." in mails[-1].body
