"""API paths for users and their tokens (docs/urls.md), the same as in Terraform Cloud."""

from django.urls import path

from accounts.api import account, admin, site, tokens
from accounts.api.endpoint import endpoint

app_name = "accounts_api"

urlpatterns = [
    path("ping", endpoint(public=True, GET=site.ping), name="ping"),
    path("openapi.yaml", endpoint(public=True, GET=site.openapi), name="openapi"),
    path("account/details", endpoint(GET=account.details), name="account_details"),
    path("account/update", endpoint(PATCH=account.update), name="account_update"),
    path("account/password", endpoint(PATCH=account.change_password), name="account_password"),
    path(
        "users/<str:user_id>/authentication-tokens",
        endpoint(GET=tokens.index, POST=tokens.create),
        name="user_tokens",
    ),
    path(
        "authentication-tokens/<str:public_id>",
        endpoint(GET=tokens.show, DELETE=tokens.delete),
        name="token",
    ),
    path(
        "admin/users/<str:user_id>/actions/disable_two_factor",
        endpoint(POST=admin.disable_two_factor),
        name="admin_disable_two_factor",
    ),
]
