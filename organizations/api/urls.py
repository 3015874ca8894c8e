"""Route the API paths of organizations (docs/urls.md), as Terraform Cloud has them."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from accounts.api.endpoint import endpoint
from organizations import names  # noqa: F401 - registers the converter of names
from organizations.api import memberships, organizations, people, teams, tokens

app_name = "organizations_api"

ORGANIZATION = "organizations/<organization:organization_name>"
TEAM = "teams/<str:team_id>/relationships"

ONE_TEAM = _("An organization has only one team here, “owners”. You can't create others.")
FIXED_TEAM = _("You can't change or delete the team “owners”. You can only change who is in it.")

urlpatterns = [
    path("organizations", endpoint(GET=organizations.index, POST=organizations.create), name="organizations"),
    path(
        f"{ORGANIZATION}/authentication-token",
        endpoint(GET=tokens.show, POST=tokens.create, DELETE=tokens.delete),
        name="organization_token",
    ),
    path(
        "teams/<str:team_id>/authentication-token",
        endpoint(GET=tokens.show_of_team, POST=tokens.create_of_team, DELETE=tokens.delete_of_team),
        name="team_token",
    ),
    path("users/<str:user_id>", endpoint(GET=people.show), name="user"),
    path(
        ORGANIZATION,
        endpoint(
            GET=organizations.show,
            PATCH=organizations.update,
            PUT=organizations.update,
            DELETE=organizations.delete,
        ),
        name="organization",
    ),
    path(
        f"{ORGANIZATION}/entitlement-set", endpoint(GET=organizations.entitlement_set), name="entitlement_set"
    ),
    path(
        f"{ORGANIZATION}/organization-memberships",
        endpoint(GET=memberships.index, POST=memberships.create),
        name="members",
    ),
    path("organization-memberships", endpoint(GET=memberships.mine), name="memberships"),
    path(
        "organization-memberships/<str:membership_id>",
        endpoint(GET=memberships.show, DELETE=memberships.delete),
        name="membership",
    ),
    path(f"{ORGANIZATION}/teams", endpoint(absent={"POST": ONE_TEAM}, GET=teams.index), name="teams"),
    path(
        "teams/<str:team_id>",
        endpoint(absent=dict.fromkeys(("PATCH", "PUT", "DELETE"), FIXED_TEAM), GET=teams.show),
        name="team",
    ),
    path(f"{TEAM}/users", endpoint(POST=teams.add_users, DELETE=teams.remove_users), name="team_users"),
    path(
        f"{TEAM}/organization-memberships",
        endpoint(GET=teams.list_memberships, POST=teams.add_memberships, DELETE=teams.remove_memberships),
        name="team_memberships",
    ),
]
