from django.apps import AppConfig


class SMSConfig(AppConfig):
    name = "accounts.factors.sms"
    label = "factor_sms"
    verbose_name = "Text messages"

    def ready(self) -> None:
        from accounts import sealed  # noqa: PLC0415 - needs models
        from accounts.factors.sms import carrier, checks  # noqa: F401, PLC0415 - registers them
        from accounts.factors.sms.factor import SEALED  # noqa: PLC0415

        sealed.register(SEALED)
