"""Show organizations and memberships in the admin, read-only: only verbs change them."""

from django.contrib import admin

from accounts.web.read_only_admin import ReadOnlyAdmin
from organizations.models import Membership, Organization


@admin.register(Organization)
class OrganizationAdmin(ReadOnlyAdmin):
    list_display = [
        "name",
        "email",
        "collaborator_auth_policy",
        "auth_policy_changed_at",
        "session_timeout",
        "session_remember",
        "user_tokens_enabled",
        "members",
        "created_at",
    ]
    list_filter = ["collaborator_auth_policy"]
    list_select_related = ["counts"]
    search_fields = ["name"]
    ordering = ["name"]

    @admin.display(description="members")
    def members(self, organization: Organization) -> int:
        return organization.counts.members


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    list_display = [
        "organization",
        "username",
        "email",
        "is_owner",
        "status",
        "two_factor_enabled",
        "joined_at",
    ]
    list_filter = ["status", "is_owner", "two_factor_enabled"]
    list_select_related = ["organization"]
    search_fields = ["username", "email", "organization__name"]
    ordering = ["-pk"]
