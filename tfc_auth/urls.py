"""Route the pages of no application, and include the applications. Paths are a contract (docs/urls.md)."""

from django.contrib import admin
from django.urls import include, path

from tfc_auth import site, well_known

site_pages = [
    path("", site.start, name="start"),
    path(".well-known/change-password", site.change_password_redirect, name="change_password_redirect"),
    path(".well-known/terraform.json", site.terraform_services, name="terraform_services"),
    path(".well-known/security.txt", well_known.security_txt, name="security_txt"),
    path(".well-known/tfc-auth-evidence-keys.json", well_known.evidence_keys, name="evidence_keys"),
    path("robots.txt", well_known.robots_txt, name="robots_txt"),
    path("favicon.ico", well_known.icon, name="favicon"),
    path("apple-touch-icon.png", well_known.icon, name="touch_icon"),
    path("apple-touch-icon-precomposed.png", well_known.icon, name="touch_icon_precomposed"),
    path("healthz", site.healthz, name="healthz"),
    path("readyz", site.readyz, name="readyz"),
    path("docs", site.docs_index, name="docs_index"),
    path("docs/<slug:page>", site.docs, name="docs"),
]

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v2/", include("accounts.api.urls")),
    path("api/v2/", include("organizations.api.urls")),
    path("", include("accounts.urls")),
    path("", include("organizations.urls")),
    path("", include((site_pages, "site"))),
]

handler400 = "tfc_auth.errors.bad_request"
handler403 = "tfc_auth.errors.permission_denied"
handler404 = "tfc_auth.errors.not_found"
handler500 = "tfc_auth.errors.server_error"
