"""What programs can not do to others by what they may do: flood them, learn about them, crash the site."""

import io

import pytest

from accounts.models import OutboxMessage, RateLimit
from organizations.models import Organization
from tests.api.clients import ApiClient, api_client, document, token_of_organization
from tests.support.organizations import found
from tests.support.people import enrol, sign_in
from tfc_auth.wsgi import application

MEMBERS = "/organizations/{}/organization-memberships"
TOKENS_PAGE = "/app/settings/tokens"


def invite(client, organization, number):
    sent = document("organization-memberships", email=f"stranger{number}@example.com")
    return client.post(MEMBERS.format(organization.name), sent).status_code


def test_all_tokens_that_one_person_has_made_share_the_invitations(alice):
    mine, other = found("acme", alice), found("globex", alice)
    programs = [(api_client(alice), mine)]
    for organization in (mine, other):
        made = api_client(alice).post(f"/organizations/{organization.name}/authentication-token")
        programs.append((ApiClient(made.json()["data"]["attributes"]["token"]), organization))

    answers = [invite(*programs[number % 3], number) for number in range(3)]
    RateLimit.objects.filter(key__startswith="invite:tokens-of:").update(count=499)
    answers += [invite(*programs[number % 3], number) for number in range(3, 6)]

    assert answers == [201] * 4 + [422] * 2


def test_an_invitation_by_an_organizations_token_does_not_speak_for_the_site(alice):
    acme = found("acme", alice)

    assert invite(ApiClient(token_of_organization(acme)), acme, 1) == 201

    assert acme.memberships.invited().get().invited_by == ""
    assert OutboxMessage.objects.filter(kind="mail").exists()


def test_one_person_makes_no_hundreds_of_organizations(alice):
    client = api_client(alice)

    answers = [
        client.post(
            "/organizations", document("organizations", name=f"o{n}", email="x@example.com")
        ).status_code
        for n in range(101)
    ]

    assert answers == [201] * 100 + [422]
    assert Organization.objects.count() == 100


def test_owners_are_not_flooded_with_news(alice):
    acme, client = found("acme", alice), api_client(alice)
    path = f"/organizations/{acme.name}"

    answers = [
        client.patch(path, document("organizations", session_timeout=60 + n)).status_code for n in range(61)
    ]
    token = client.post(f"{path}/authentication-token")

    assert answers == [200] * 60 + [422]
    assert token.status_code == 422
    assert client.patch(path, document("organizations", email="new@example.com")).status_code == 200


def test_or13_only_owners_learn_whether_the_owners_are_enrolled(alice, bob):
    acme = found("acme", alice, members=[bob])

    def conformant(client):
        return client.get(f"/organizations/{acme.name}").json()["data"]["attributes"]["two-factor-conformant"]

    assert conformant(api_client(alice)) is False
    enrol(alice)
    assert conformant(api_client(alice)) is True
    for other in (api_client(bob), ApiClient(token_of_organization(acme))):
        assert conformant(other) is False  # as it was before: the policy, which they see anyway


def test_a_link_leads_to_no_token_for_ever_in_one_click(alice):
    page = sign_in(alice).get(f"{TOKENS_PAGE}?source=terraform-login&expires=never&description=theirs")

    assert page.context["form"]["expires"].value() == "30"


@pytest.mark.parametrize(
    "header",
    [
        "application/json; a*=bogus''%41",
        "application/vnd.api+json; charset*=idna''%41",
        "text/html; charset=undefined",
    ],
)
@pytest.mark.parametrize("path", ["/api/v2/account/details", "/session"])
def test_r55_a_malformed_content_type_is_the_clients_fault(db, header, path):
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "CONTENT_TYPE": header,
        "CONTENT_LENGTH": "2",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(b"{}"),
        "wsgi.errors": io.StringIO(),
    }
    told = []

    application(environ, lambda status, headers, exc_info=None: told.append(status)).close()

    assert told[0][:3] in ("400", "415")


def test_the_owners_token_of_the_longest_name_makes_tokens(alice):
    acme = found("a" * 40, alice)
    client = ApiClient(token_of_organization(acme, "owners"))

    answer = client.post(f"/organizations/{acme.name}/authentication-token")

    assert answer.status_code == 201
    assert acme.tokens.get(kind="organization").created_by == f"{acme.name}/owners"
