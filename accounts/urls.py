"""Paths of the accounts application: a public contract (docs/urls.md)."""

from django.urls import path

from accounts.views import session, two_factor

app_name = "accounts"

TWO_FACTOR = "app/settings/two-factor"

urlpatterns = [
    path("session", session.sign_in, name="sign_in"),
    path("session/two-factor", session.challenge, name="challenge"),
    path("session/two-factor-recovery", session.recovery, name="recovery"),
    path("session/logout", session.sign_out, name="sign_out"),
    path("session/sudo", session.sudo, name="sudo"),
    path(TWO_FACTOR, two_factor.overview, name="two_factor"),
    path(f"{TWO_FACTOR}/enable", two_factor.enable, name="enable"),
    path(f"{TWO_FACTOR}/confirm", two_factor.confirm, name="confirm"),
    path(f"{TWO_FACTOR}/cancel", two_factor.cancel, name="cancel"),
    path(f"{TWO_FACTOR}/reveal-codes", two_factor.reveal_codes, name="reveal_codes"),
    path(f"{TWO_FACTOR}/renew-codes", two_factor.renew_codes, name="renew_codes"),
    path(f"{TWO_FACTOR}/disable", two_factor.disable, name="disable"),
    path(f"{TWO_FACTOR}/<slug:factor>/replace", two_factor.replace, name="replace"),
]
