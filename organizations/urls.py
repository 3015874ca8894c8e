"""Route the pages of organizations. Paths are a public contract (docs/urls.md).

Fixed words come before names of organizations.
"""

from django.urls import path

from organizations import names  # noqa: F401 - registers the converter of names
from organizations.views import (
    authentication,
    general,
    home,
    invitations,
    inviting,
    mine,
    organization,
    tokens,
    user_tokens,
    users,
)

app_name = "organizations"

ORGANIZATION = "app/<organization:organization_name>"
SETTINGS = f"{ORGANIZATION}/settings"
USER = f"{SETTINGS}/users/<int:membership_id>"
TOKENS = f"{SETTINGS}/authentication-tokens"

urlpatterns = [
    path("app", home.home, name="home"),
    path("app/organizations/new", home.new, name="new"),
    path("app/settings/organizations", mine.mine, name="mine"),
    path("app/settings/organizations/invitations", mine.invited, name="invitations"),
    path("app/settings/organizations/<int:membership_id>/accept", mine.accept, name="accept"),
    path("app/settings/organizations/<int:membership_id>/decline", mine.decline, name="decline"),
    path("app/invitations", invitations.invitation, name="invitation"),
    path("app/invitations/<link:token>", invitations.invitation_link, name="invitation_link"),
    path(ORGANIZATION, organization.detail, name="detail"),
    path(f"{ORGANIZATION}/locked-out", organization.locked_out, name="locked_out"),
    path(f"{ORGANIZATION}/leave", mine.leave, name="leave"),
    path(f"{SETTINGS}/general", general.general, name="general"),
    path(f"{SETTINGS}/general/delete", general.delete, name="delete"),
    path(f"{SETTINGS}/users", users.users, name="users"),
    path(f"{SETTINGS}/users/invite", inviting.invite, name="invite"),
    path(f"{SETTINGS}/users/add", inviting.add_member, name="add_member"),
    path(f"{USER}/make-owner", users.make_owner, name="make_owner"),
    path(f"{USER}/unmake-owner", users.unmake_owner, name="unmake_owner"),
    path(f"{USER}/remove", users.remove_member, name="remove_member"),
    path(TOKENS, tokens.tokens, name="tokens"),
    path(f"{TOKENS}/personal", user_tokens.user_tokens, name="user_tokens"),
    path(f"{TOKENS}/personal/disable", user_tokens.disable, name="disable_user_tokens"),
    path(f"{TOKENS}/personal/enable", user_tokens.enable, name="enable_user_tokens"),
    path(f"{TOKENS}/<slug:kind>/create", tokens.create_token, name="create_token"),
    path(f"{TOKENS}/<slug:kind>/delete", tokens.delete_token, name="delete_token"),
    path(f"{SETTINGS}/authentication", authentication.authentication, name="authentication"),
    path(
        f"{SETTINGS}/authentication/require-two-factor",
        authentication.require_two_factor,
        name="require_two_factor",
    ),
    path(
        f"{SETTINGS}/authentication/disable-two-factor",
        authentication.disable_two_factor,
        name="disable_two_factor",
    ),
    path(
        f"{SETTINGS}/authentication/user-sessions",
        authentication.update_user_sessions,
        name="user_sessions",
    ),
]
