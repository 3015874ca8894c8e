from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from accounts import checks  # noqa: F401 - registers itself
        from accounts.crypto import columns
        from accounts.outbox import queue

        columns.register(queue.SEALED)
