from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from accounts import checks  # noqa: F401 - registers itself
        from accounts.crypto.columns import sealed_columns
        from accounts.outbox import queue

        sealed_columns.register("outbox", queue.SEALED)
