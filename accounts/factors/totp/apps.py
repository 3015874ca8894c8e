from django.apps import AppConfig


class TOTPConfig(AppConfig):
    name = "accounts.factors.totp"
    label = "factor_totp"
    verbose_name = "Authenticator apps"

    def ready(self) -> None:
        from accounts.crypto.columns import sealed_columns
        from accounts.factors.totp.factor import SEALED

        sealed_columns.register("factor_totp", SEALED)
