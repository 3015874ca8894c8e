"""Memberships over the API: their addresses, what is sent, what is read off the answers."""

from organizations.members import invitations
from organizations.models import Organization
from tests.api.clients import document
from tests.api.programs import ou
from tests.support.organizations import SERVER

OPEN = "/organizations/open/organization-memberships"
FORT = "/organizations/fort/organization-memberships"
MINE = "/organization-memberships"
TEAMS = "/data/relationships/teams"


def path_of(user, name="open"):
    return f"{MINE}/{ou(user, name)}"


def invite(stage, who, name="open"):
    return invitations.invite(Organization.objects.get(name=name), who, actor=SERVER)


def usernames(response):
    assert response.status_code == 200, response.content
    return [one["attributes"]["username"] for one in response.json()["data"]]


def invitation(**sent):
    return document("organization-memberships", **sent)


def into(stage, *teams):
    return {"teams": {"data": [{"type": "teams", "id": one} for one in teams]}}
