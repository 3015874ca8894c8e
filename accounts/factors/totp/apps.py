from django.apps import AppConfig


class TOTPConfig(AppConfig):
    name = "accounts.factors.totp"
    label = "factor_totp"
    verbose_name = "Authenticator apps"

    def ready(self) -> None:
        from accounts.crypto import columns
        from accounts.factors.totp.factor import SEALED

        columns.register(SEALED)
