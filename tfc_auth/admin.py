"""The admin site: staff *and* verified (D14)."""

from django.contrib import admin


class AdminSite(admin.AdminSite):
    pass
