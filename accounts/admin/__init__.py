"""The admin site: read-only lists of users and events, and a few actions on accounts. Each runs a verb."""

from django.contrib import admin
from django.contrib.auth import admin as auth_admin  # noqa: F401  registers groups, which mean nothing here
from django.contrib.auth.models import Group

from accounts.admin.actions import ACTIONS
from accounts.admin.events import AuditEventAdmin
from accounts.admin.invitations import SiteInvitationAdmin
from accounts.admin.users import UserAdmin

__all__ = ["ACTIONS", "AuditEventAdmin", "SiteInvitationAdmin", "UserAdmin"]

admin.site.unregister(Group)
