"""Paths of the API that concern organizations (docs/urls.md), as Terraform Cloud has them."""

from django.urls import path

from accounts.endpoints import endpoint
from organizations import converters  # noqa: F401 - registers the converter of names
from organizations.api import organizations, people, tokens

app_name = "organizations_api"

ORGANIZATION = "organizations/<organization:organization_name>"

urlpatterns = [
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
    path(ORGANIZATION, endpoint(GET=organizations.show), name="organization"),
]
