"""Includes only: the paths are in the applications, and are a public contract (docs/urls.md)."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v2/", include("accounts.api.urls")),
    path("api/v2/", include("organizations.api.urls")),
    path("", include("accounts.urls")),
    path("", include("organizations.urls")),
]

handler400 = "tfc_auth.errors.bad_request"
handler403 = "tfc_auth.errors.permission_denied"
handler404 = "tfc_auth.errors.not_found"
handler500 = "tfc_auth.errors.server_error"
