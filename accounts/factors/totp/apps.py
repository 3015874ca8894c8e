from django.apps import AppConfig


class TOTPConfig(AppConfig):
    name = "accounts.factors.totp"
    label = "factor_totp"
    verbose_name = "Authenticator apps"
