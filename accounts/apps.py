from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from accounts import checks, outbox, sealed  # noqa: F401 - checks registers itself

        sealed.register(outbox.SEALED)
