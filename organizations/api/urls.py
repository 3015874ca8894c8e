"""Paths of the API that concern organizations (docs/urls.md), as Terraform Cloud has them."""

from django.urls import path

from accounts.endpoints import endpoint
from organizations import converters  # noqa: F401 - registers the converter of names
from organizations.api import organizations

app_name = "organizations_api"

ORGANIZATION = "organizations/<organization:organization_name>"

urlpatterns = [
    path(ORGANIZATION, endpoint(GET=organizations.show), name="organization"),
]
