from django.apps import AppConfig


class SMSConfig(AppConfig):
    name = "accounts.factors.sms"
    label = "factor_sms"
    verbose_name = "Text messages"

    def ready(self) -> None:
        from accounts.crypto import columns
        from accounts.factors.sms import carrier, checks  # noqa: F401 - registers them
        from accounts.factors.sms.factor import SEALED

        columns.register(SEALED)
