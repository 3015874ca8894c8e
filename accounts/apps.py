from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from accounts import checks, outbox  # noqa: F401 - checks registers itself
        from accounts.crypto import columns

        columns.register(outbox.SEALED)
