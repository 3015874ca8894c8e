from django.apps import AppConfig


class TOTPConfig(AppConfig):
    name = "accounts.factors.totp"
    label = "factor_totp"
    verbose_name = "Authenticator apps"

    def ready(self) -> None:
        from accounts import sealed
        from accounts.factors.totp.factor import SEALED

        sealed.register(SEALED)
