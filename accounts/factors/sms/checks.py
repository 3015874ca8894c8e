from itertools import pairwise
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

NO_TEXTS = (
    "To offer no text messages, leave accounts.factors.sms.factor.SMSFactor out of SECOND_FACTORS: write "
    "SECOND_FACTORS=accounts.factors.totp.factor.TOTPFactor,"
    "accounts.factors.backup_codes.factor.BackupCodesFactor."
)


@register(Tags.security, deploy=True)
def text_provider(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse development backends and an incomplete account at Twilio if SMSFactor is in use.

    What a backend of another package needs, it checks itself (docs/extending.md).
    """
    if not any(path.endswith(".SMSFactor") for path in settings.SECOND_FACTORS):
        return []
    if settings.SMS_BACKEND.endswith((".ConsoleBackend", ".LocmemBackend")):
        return [
            Error(
                f"SMS_BACKEND=console and locmem are for development only. {NO_TEXTS}", id="factor_sms.E001"
            )
        ]
    if not settings.SMS_BACKEND.endswith(".TwilioBackend"):
        return []
    has_login = settings.TWILIO_AUTH_TOKEN or (settings.TWILIO_API_KEY and settings.TWILIO_API_SECRET)
    has_sender = settings.TWILIO_FROM or settings.TWILIO_MESSAGING_SERVICE_SID
    if not (settings.TWILIO_ACCOUNT_SID and has_login and has_sender):
        return [
            Error(
                "SMS_BACKEND=twilio needs TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN (or TWILIO_API_KEY and "
                f"TWILIO_API_SECRET), and TWILIO_FROM (or TWILIO_MESSAGING_SERVICE_SID). {NO_TEXTS}",
                id="factor_sms.E002",
            )
        ]
    return []


@register(Tags.security)
def budgets(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Find budgets of texts that limit nothing, because a narrower one is used up first."""
    order = ["SMS_HOURLY_BUDGET_PER_PREFIX", "SMS_HOURLY_BUDGET", "SMS_DAILY_BUDGET"]
    return [
        Warning(
            f"{smaller} ({getattr(settings, smaller)}) is more than {larger} ({getattr(settings, larger)}), "
            f"and so limits nothing: write {getattr(settings, larger)} or less.",
            id="factor_sms.W001",
        )
        for smaller, larger in pairwise(order)
        if getattr(settings, smaller) > getattr(settings, larger)
    ]
