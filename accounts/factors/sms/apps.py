from django.apps import AppConfig


class SMSConfig(AppConfig):
    name = "accounts.factors.sms"
    label = "factor_sms"
    verbose_name = "Text messages"

    def ready(self) -> None:
        from accounts.crypto.columns import sealed_columns
        from accounts.factors.sms import checks  # noqa: F401 - registers itself
        from accounts.factors.sms.carrier import send_text
        from accounts.factors.sms.factor import LIFETIME, SEALED
        from accounts.models.clocks import horizons
        from accounts.outbox.carriers import Carrier, carriers

        sealed_columns.register("factor_sms", SEALED)
        horizons.register("factor_sms.TextMessage.expires_at", LIFETIME)
        carriers.register("text", Carrier(send_text, at_most_once=True))
