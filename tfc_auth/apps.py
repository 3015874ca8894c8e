from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    """Django's admin behind our own site, which wants staff *and* a verified session."""

    default_site = "tfc_auth.admin.AdminSite"
