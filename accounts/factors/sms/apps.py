from django.apps import AppConfig


class SMSConfig(AppConfig):
    name = "accounts.factors.sms"
    label = "factor_sms"
    verbose_name = "Text messages"

    def ready(self) -> None:
        from accounts.audit.events import enumerations
        from accounts.crypto.columns import sealed_columns
        from accounts.factors.sms import checks  # noqa: F401 - registers itself
        from accounts.factors.sms.carrier import send_text
        from accounts.factors.sms.events import TextEvent
        from accounts.factors.sms.factor import LIFETIME
        from accounts.factors.sms.models import LONGEST
        from accounts.factors.sms.pauses import PERMISSIONS
        from accounts.factors.sms.sealed_numbers import SEALED
        from accounts.models.clocks import horizons
        from accounts.outbox.carriers import Carrier, carriers
        from accounts.users.rights import grantable

        enumerations.register("factor_sms", TextEvent)
        sealed_columns.register("factor_sms", SEALED)
        for permission, text in PERMISSIONS.items():
            grantable.register(permission, text)
        horizons.register("factor_sms.TextMessage.expires_at", LIFETIME)
        horizons.register("factor_sms.Destination.paused_until", LONGEST)
        carriers.register("text", Carrier(send_text, at_most_once=True))
