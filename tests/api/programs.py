"""Programs on the stage (tests/support/organizations.py): tokens of people and of organizations."""

from accounts.models.public_ids import public_id
from organizations.models import Organization, OrganizationToken
from tests.api.clients import ApiClient, api_client, token_of_organization
from tests.support.organizations import membership_of

Kind = OrganizationToken.Kind


def program(stage, name, **options):
    """A program with a new token of this person; "anonymous" has none."""
    return api_client(None if name == "anonymous" else stage.people[name], **options)


def organization_program(organization, kind=Kind.ORGANIZATION, *, verified=True):
    """A program with the organization's own token, or with that of its owners' team."""
    return ApiClient(token_of_organization(organization, kind, verified=verified))


def ou(user, name="open"):
    """The id of somebody's membership."""
    return public_id("ou", membership_of(user, name).pk)


def team(name="open"):
    """The id of the owners' team of an organization."""
    return public_id("team", Organization.objects.get(name=name).pk)


def attributes(response):
    assert response.status_code < 300, response.content
    return response.json()["data"]["attributes"]


def ids(response):
    assert response.status_code == 200, response.content
    return [one["id"] for one in response.json()["data"]]


def refusals(response):
    """(status, title, pointer) of each error object; the first has the status of the answer."""
    errors = response.json()["errors"]
    assert {type(error["status"]) for error in errors} == {str}
    assert errors[0]["status"] == str(response.status_code)
    return [(error["status"], error["title"], error.get("source", {}).get("pointer")) for error in errors]


def detail(response):
    return response.json()["errors"][0].get("detail", "")
