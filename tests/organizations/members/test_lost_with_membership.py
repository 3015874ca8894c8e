"""What a person loses with the membership: ways back, tokens, sessions, and rights."""

import pytest

from accounts.users import administration, passwords
from organizations.models import Membership
from tests.api.clients import api_client, document
from tests.organizations.members.users_page import USERS, invite, row_of
from tests.support import people
from tests.support.invariants import broken
from tests.support.organizations import SERVER, counts_of


@pytest.mark.parametrize("way", ["removed", "left"])
def test_sf8_or_16_an_invitation_to_ones_own_address_does_not_lead_back(stage, way):
    """An owner who expects to be removed invites the own address beforehand."""
    invite(stage, "olga", "max@example.com")

    if way == "removed":
        stage.browser("una").post(f"{row_of(stage, 'max')}/remove")
    else:
        stage.browser("max").post("/app/open/leave")

    assert not Membership.objects.filter(organization__name="open").of_person(stage.max).exists()
    assert counts_of("open") == (3, 2, 0)
    assert broken() == []


def test_sf8_ones_own_tokens_and_sessions_lose_the_organization_with_the_membership(stage):
    own = api_client(stage.max)
    browser = stage.browser("max")
    assert own.get("/organizations/open").status_code == browser.get("/app/open").status_code == 200

    stage.browser("una").post(f"{row_of(stage, 'max')}/remove")

    assert own.get("/organizations/open").status_code == browser.get("/app/open").status_code == 404
    assert own.get("/account/details").status_code == 200


def test_sf8_an_owner_made_a_member_loses_the_rights_of_tokens_and_sessions_at_once(stage):
    stage.enrol("una")
    own, browser = api_client(stage.una), stage.browser("una")
    stage.browser("olga").post(f"{row_of(stage, 'una')}/unmake-owner")

    sent = document("organization-memberships", username="eve")
    assert own.post("/organizations/open/organization-memberships", sent).status_code == 403
    assert own.post("/organizations/open/authentication-token").status_code == 403
    assert browser.get(USERS).status_code == 403


def test_sf8_a_deactivated_account_has_no_credential_left(stage, client):
    """Sessions, remembered browsers and reset links stay dead when the account is activated again."""
    browser = people.Client()
    people.post_password(browser, stage.max)
    browser.post("/session/two-factor", {"code": stage.apps["max"].fresh_code(), "remember": "on"})
    own = api_client(stage.max)
    link = passwords.RESET.token_for(stage.max)

    administration.deactivate(stage.max, reason="gone", actor=SERVER)

    assert browser.get("/app/open").status_code == 302
    assert own.get("/account/details").status_code == 401
    client.get(f"/account/password/reset/{link}")
    assert client.post("/account/password/reset", {"new_password": "another long one 42"}).status_code == 422
    administration.reactivate(stage.max, reason="back", actor=SERVER)
    assert browser.get("/app/open").status_code == 302
    browser.post("/session/logout")
    assert people.post_password(browser, stage.max)["Location"] == "/session/two-factor"
    client.get(f"/account/password/reset/{link}")
    assert client.post("/account/password/reset", {"new_password": "another long one 42"}).status_code == 422
