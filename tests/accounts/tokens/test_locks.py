"""A token or a session that ends while a request is on its way, and tokens that end each other."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiToken, AuditEvent, User
from accounts.sessions import locks
from accounts.tokens import issuing
from organizations import tokens as organization_tokens
from organizations.members import memberships
from organizations.models import Membership, Organization, OrganizationToken
from tests.api.clients import ApiClient, api_client, document
from tests.api.token_paths import ORGANIZATION, data_of, team_path, tokens_path
from tests.support import environment
from tests.support.organizations import found, membership_of
from tests.support.people import PASSWORD, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

CREATE = "/app/settings/tokens/create"
FORM = {"description": "x", "expires": "90"}
NEW = document("authentication-tokens", description="x")


@pytest.fixture
def acme(alice, bob):
    return found("acme", alice, members=[bob])


def test_a_token_that_was_revoked_meanwhile_makes_none(alice, before):
    client = api_client(alice)
    before(issuing, "create", ApiToken.objects.all().delete)

    assert client.post(tokens_path(alice), NEW).status_code == 401

    assert not ApiToken.objects.exists()


def test_a_token_of_somebody_who_was_deactivated_meanwhile_makes_none(alice, before):
    client = api_client(alice)
    before(issuing, "create", lambda: User.objects.update(is_active=False))

    assert client.post(tokens_path(alice), NEW).status_code == 401

    assert ApiToken.objects.count() == 1


def test_a_token_of_somebody_who_is_deactivated_after_it_was_held_makes_none(alice, before):
    client = api_client(alice)
    before(locks, "lock_actor", lambda: User.objects.update(is_active=False), after=True)

    assert client.post(tokens_path(alice), NEW).status_code == 401

    assert ApiToken.objects.count() == 1


def test_a_session_that_a_new_password_has_ended_makes_no_token(alice, before):
    owner, thief = sign_in(alice), sign_in(alice)
    form = {"password": PASSWORD, "new_password": "another good sentence"}
    before(issuing, "create", lambda: owner.post("/app/settings/password", form))

    assert thief.post(CREATE, FORM)["Location"].startswith("/session")

    assert not ApiToken.objects.exists()


def test_a_session_that_ended_meanwhile_revokes_no_token(alice, before):
    thief = sign_in(alice)
    thief.post(CREATE, FORM)
    owner = sign_in(alice)
    before(issuing, "revoke", lambda: owner.post("/app/settings/sessions/end-others"))

    response = thief.post(f"/app/settings/tokens/{ApiToken.objects.get().pk}/revoke")

    assert response["Location"].startswith("/session")
    assert ApiToken.objects.exists()


def test_a_token_that_was_revoked_meanwhile_revokes_none(alice, before):
    first, second = api_client(alice), api_client(alice)
    mine, others = ApiToken.objects.order_by("pk")
    before(
        issuing,
        "revoke",
        lambda: second.delete(f"/authentication-tokens/{mine.public_id}").status_code == 204,
    )

    assert first.delete(f"/authentication-tokens/{others.public_id}").status_code == 401

    assert list(ApiToken.objects.all()) == [others]


def test_what_was_revoked_meanwhile_is_not_revoked_again(alice, before):
    client = api_client(alice)
    api_client(alice)
    other = ApiToken.objects.latest("pk")
    before(issuing, "revoke", ApiToken.objects.filter(pk=other.pk).delete)

    assert client.delete(f"/authentication-tokens/{other.public_id}").status_code == 404

    assert not AuditEvent.objects.filter(event="token.revoked").exists()


@pytest.mark.parametrize("verb", ["replace", "revoke"])
def test_a_team_token_that_was_revoked_meanwhile_does_nothing(alice, acme, before, verb):
    owner = api_client(alice)
    client = ApiClient(data_of(owner.post(team_path()))["attributes"]["token"])
    owner.post(ORGANIZATION)
    former = OrganizationToken.objects.get(kind="organization")
    before(organization_tokens, verb, lambda: owner.delete(team_path()))

    response = client.post(ORGANIZATION) if verb == "replace" else client.delete(ORGANIZATION)

    assert response.status_code == 401
    assert list(OrganizationToken.objects.all()) == [former]


def test_an_organization_token_that_was_revoked_meanwhile_removes_nobody(alice, acme, bob, before):
    owner = api_client(alice)
    client = ApiClient(data_of(owner.post(ORGANIZATION))["attributes"]["token"])
    membership = membership_of(bob, "acme")
    before(memberships, "remove", lambda: owner.delete(ORGANIZATION))

    response = client.delete(f"/organization-memberships/ou-{membership.pk:016}")

    assert response.status_code == 401
    assert Membership.objects.filter(pk=membership.pk).exists()


def test_who_is_no_owner_any_more_makes_no_token(alice, acme, bob, before):
    client = api_client(alice)
    Membership.objects.filter(user=bob).update(is_owner=True)
    before(
        organization_tokens, "replace", lambda: Membership.objects.filter(user=alice).update(is_owner=False)
    )

    assert client.post(ORGANIZATION).status_code == 403

    assert not OrganizationToken.objects.exists()


def test_an_organization_that_was_deleted_meanwhile_gets_no_token(alice, acme, before):
    client, browser = api_client(alice), sign_in(alice)
    before(
        organization_tokens,
        "replace",
        lambda: browser.post("/app/acme/settings/general/delete", {"name": "acme"}),
    )

    assert client.post(ORGANIZATION).status_code == 404

    assert not Organization.objects.exists()


# ---------------------------------------------------------------- locks


def locked_by(act):
    """The tables whose rows are locked, in order."""
    with CaptureQueriesContext(connection) as queries:
        assert act().status_code < 400
    locks = [query["sql"] for query in queries if "FOR NO KEY UPDATE" in query["sql"]]
    return [sql.partition('FROM "')[2].partition('"')[0] for sql in locks]


def test_what_acts_is_locked_before_what_it_acts_upon(alice, acme):
    client, browser = api_client(alice), sign_in(alice)
    token = ApiToken.objects.get()
    api_client(alice)
    other = ApiToken.objects.latest("pk")

    by_token = [
        locked_by(lambda: client.post(tokens_path(alice), NEW)),
        locked_by(lambda: client.post(ORGANIZATION)),
        locked_by(lambda: client.delete(ORGANIZATION)),
    ]
    revoking = locked_by(lambda: browser.post(f"/app/settings/tokens/{other.pk}/revoke"))

    if environment.KIND == "sqlite":  # one lock for everything, taken at BEGIN
        return
    assert token
    assert by_token == [
        ["accounts_apitoken", "accounts_user"],
        ["accounts_apitoken", "organizations_organization"],
        ["accounts_apitoken", "organizations_organization"],
    ]
    assert revoking == ["accounts_session", "accounts_apitoken"]
