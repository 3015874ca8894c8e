from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    """Django's admin, with our own site, which requires staff and a verified session."""

    default_site = "tfc_auth.admin.AdminSite"

    def ready(self) -> None:
        super().ready()
        from tfc_auth import checks  # noqa: F401 - registers itself
