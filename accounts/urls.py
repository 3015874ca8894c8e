"""Paths of the accounts application. They are a public contract (docs/urls.md)."""

from django.conf import settings
from django.urls import include, path

from accounts.factors import all_factors
from accounts.views import (
    challenge,
    development,
    enrolment,
    passwords,
    profile,
    registration,
    sessions,
    sign_in,
    sudo,
    tokens,
    two_factor,
)

app_name = "accounts"

# In groups by how paths begin, so that a request is compared with those of its own group only.
ACCOUNT = [
    path("new", registration.sign_up, name="sign_up"),
    path("confirm", registration.confirm_email, name="confirm_email"),
    path("confirm/resend", registration.resend_confirmation, name="resend_confirmation"),
    path("confirm/correct", registration.correct_email, name="correct_email"),
    path("confirm/<link:token>", registration.confirm_email_link, name="confirm_email_link"),
    path("password/forgot", passwords.forgot_password, name="forgot_password"),
    path("password/reset", passwords.reset_password, name="reset_password"),
    path("password/reset/<link:token>", passwords.reset_password_link, name="reset_password_link"),
]
TWO_FACTOR = "two-factor"
SESSIONS = "sessions"
TOKENS = "tokens"
USER_SETTINGS = [
    path("profile", profile.profile, name="profile"),
    path("profile/email", profile.change_email, name="change_email"),
    path("profile/time-zone", profile.time_zone, name="time_zone"),
    path("profile/delete", profile.delete_account, name="delete_account"),
    path(SESSIONS, sessions.sessions, name="sessions"),
    path(f"{SESSIONS}/end-others", sessions.end_other_sessions, name="end_other_sessions"),
    path(f"{SESSIONS}/<int:session_id>/end", sessions.end_session, name="end_session"),
    path(f"{SESSIONS}/remembered/forget", sessions.forget_browsers, name="forget_browsers"),
    path(f"{SESSIONS}/remembered/<int:browser_id>/forget", sessions.forget_browser, name="forget_browser"),
    path(TOKENS, tokens.tokens, name="tokens"),
    path(f"{TOKENS}/create", tokens.create_token, name="create_token"),
    path(f"{TOKENS}/<int:token_id>/revoke", tokens.revoke_token, name="revoke_token"),
    path("password", passwords.password, name="password"),
    path("activity", profile.activity, name="activity"),
    path(TWO_FACTOR, two_factor.overview, name="two_factor"),
    path(f"{TWO_FACTOR}/enable", enrolment.enable, name="enable"),
    path(f"{TWO_FACTOR}/confirm", enrolment.confirm, name="confirm"),
    path(f"{TWO_FACTOR}/cancel", enrolment.cancel, name="cancel"),
    path(f"{TWO_FACTOR}/resend", enrolment.resend, name="resend"),
    path(f"{TWO_FACTOR}/reveal-codes", two_factor.reveal_codes, name="reveal_codes"),
    path(f"{TWO_FACTOR}/download-codes", two_factor.download_codes, name="download_codes"),
    path(f"{TWO_FACTOR}/renew-codes", two_factor.renew_codes, name="renew_codes"),
    path(f"{TWO_FACTOR}/codes", two_factor.codes, name="codes"),
    path(f"{TWO_FACTOR}/codes/kept", two_factor.codes_kept, name="codes_kept"),
    path(f"{TWO_FACTOR}/disable", two_factor.disable, name="disable"),
    path(f"{TWO_FACTOR}/<slug:factor>/replace", enrolment.replace, name="replace"),
    path(f"{TWO_FACTOR}/<slug:factor>/remove", two_factor.remove, name="remove"),
]

urlpatterns = [
    path("session", sign_in.sign_in, name="sign_in"),
    path("session/two-factor", challenge.challenge, name="challenge"),
    path("session/two-factor-recovery", challenge.recovery, name="recovery"),
    path("session/two-factor-send-sms", challenge.send, name="send"),
    path("session/logout", sign_in.sign_out, name="sign_out"),
    path("session/sudo", sudo.sudo, name="sudo"),
    path("account/", include(ACCOUNT)),
    path("app/settings/", include(USER_SETTINGS)),
    *(route for factor in all_factors() for route in factor.urls),
]

if settings.DEBUG:
    urlpatterns.append(path("dev/outbox", development.dev_outbox, name="dev_outbox"))
