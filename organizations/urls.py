"""Route the pages of organizations. Paths are a public contract (docs/urls.md).

Fixed words come before names of organizations.
"""

from django.urls import URLPattern, URLResolver, include, path

from organizations import names  # noqa: F401 - registers the converter of names
from organizations.views import (
    audit_trail,
    authentication,
    batches,
    evidence,
    general,
    home,
    invitations,
    inviting,
    mine,
    organization,
    rehearsal,
    requiring,
    tokens,
    user_tokens,
    users,
)

app_name = "organizations"

# In groups by how paths begin, so that a request is compared with those of its own group only.
USERS = [
    path("", users.users, name="users"),
    path("/invite", inviting.invite, name="invite"),
    path("/invite/preview", inviting.preview, name="invite_preview"),
    path("/invite/batches", inviting.start, name="start_batch"),
    path("/invite/batches/<int:batch_id>", batches.batch, name="batch"),
    path("/invite/batches/<int:batch_id>/stop", batches.stop, name="stop_batch"),
    path("/invite/batches/<int:batch_id>/try-again", batches.try_again, name="retry_batch"),
    path("/invite/batches/<int:batch_id>/not-invited", batches.not_invited, name="not_invited"),
    path("/add", inviting.add_member, name="add_member"),
    path("/<int:membership_id>/make-owner", users.make_owner, name="make_owner"),
    path("/<int:membership_id>/unmake-owner", users.unmake_owner, name="unmake_owner"),
    path("/<int:membership_id>/remove", users.remove_member, name="remove_member"),
]
TOKENS = [
    path("", tokens.tokens, name="tokens"),
    path("/personal", user_tokens.user_tokens, name="user_tokens"),
    path("/personal/disable", user_tokens.disable, name="disable_user_tokens"),
    path("/personal/enable", user_tokens.enable, name="enable_user_tokens"),
    path("/<slug:kind>/create", tokens.create_token, name="create_token"),
    path("/<slug:kind>/delete", tokens.delete_token, name="delete_token"),
]
AUTHENTICATION = [
    path("", authentication.authentication, name="authentication"),
    path("/require-two-factor", requiring.require_two_factor, name="require_two_factor"),
    path("/disable-two-factor", requiring.disable_two_factor, name="disable_two_factor"),
    path("/schedule", requiring.schedule, name="schedule"),
    path("/withdraw", requiring.withdraw, name="withdraw"),
    path("/rehearsal", rehearsal.rehearsal, name="rehearsal"),
    path("/rehearsal/export", rehearsal.export_missing, name="export_missing"),
    path("/remind", rehearsal.remind, name="remind"),
    path("/evidence", evidence.evidence, name="evidence"),
    path("/user-sessions", authentication.update_user_sessions, name="user_sessions"),
]
ORGANIZATION: list[URLPattern | URLResolver] = [
    path("", organization.detail, name="detail"),
    path("/locked-out", organization.locked_out, name="locked_out"),
    path("/leave", mine.leave, name="leave"),
    path("/settings/general", general.general, name="general"),
    path("/settings/general/delete", general.delete, name="delete"),
    path("/settings/users", include(USERS)),
    path("/settings/authentication-tokens", include(TOKENS)),
    path("/settings/authentication", include(AUTHENTICATION)),
    path("/settings/audit-trail", audit_trail.audit_trail, name="audit_trail"),
    path("/settings/audit-trail/export", audit_trail.export_audit_trail, name="export_audit_trail"),
]

urlpatterns = [
    path("app", home.home, name="home"),
    path("app/organizations/new", home.new, name="new"),
    path("app/settings/organizations", mine.mine, name="mine"),
    path("app/settings/organizations/invitations", mine.invited, name="invitations"),
    path("app/settings/organizations/<int:membership_id>/accept", mine.accept, name="accept"),
    path("app/settings/organizations/<int:membership_id>/decline", mine.decline, name="decline"),
    path("app/invitations", invitations.invitation, name="invitation"),
    path("app/invitations/<link:token>", invitations.invitation_link, name="invitation_link"),
    path("app/<organization:organization_name>", include(ORGANIZATION)),
]
