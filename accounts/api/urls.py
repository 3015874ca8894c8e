"""Paths of the API that concern people and their tokens (docs/urls.md), as Terraform Cloud has them."""

from django.urls import path

from accounts.api import account, site, users
from accounts.endpoints import endpoint

app_name = "accounts_api"

urlpatterns = [
    path("ping", endpoint(public=True, GET=site.ping), name="ping"),
    path("account/details", endpoint(GET=account.details), name="account_details"),
    path("users/<str:user_id>", endpoint(GET=users.show), name="user"),
]
