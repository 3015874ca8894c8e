from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from accounts.factors.sms.countries import unknown_regions


@register(Tags.security)
def texted_countries(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse entries of SMS_COUNTRIES that no phone number belongs to."""
    return [
        Error(
            f"SMS_COUNTRIES: {region!r} is no ISO code of a country that has phone numbers.",
            hint="Write GB for the United Kingdom. Territories such as JE and PR have codes of their own.",
            id="factor_sms.E003",
        )
        for region in unknown_regions(settings.SMS_COUNTRIES)
    ]


@register(Tags.security)
def budgets_and_senders(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Find settings of texts that contradict each other."""
    hour, day = settings.SMS_HOURLY_BUDGET, settings.SMS_DAILY_BUDGET
    found: list[CheckMessage] = []
    if day < hour:
        found.append(
            Error(
                f"SMS_DAILY_BUDGET={day} is smaller than SMS_HOURLY_BUDGET={hour}: raise the first, or lower "
                "the second.",
                id="factor_sms.E004",
            )
        )
    if hour < settings.SMS_HOURLY_BUDGET_PER_PREFIX:
        found.append(
            Warning(
                f"SMS_HOURLY_BUDGET_PER_PREFIX is greater than SMS_HOURLY_BUDGET={hour}: one block of "
                "numbers can use up the texts of all. Lower it.",
                id="factor_sms.W001",
            )
        )
    if bool(settings.TWILIO_API_KEY) != bool(settings.TWILIO_API_SECRET):
        found.append(
            Error("Set both TWILIO_API_KEY and TWILIO_API_SECRET, or neither.", id="factor_sms.E005")
        )
    if settings.TWILIO_FROM and settings.TWILIO_MESSAGING_SERVICE_SID:
        found.append(
            Warning(
                "Texts come from TWILIO_MESSAGING_SERVICE_SID; TWILIO_FROM is not used. Remove one of them.",
                id="factor_sms.W002",
            )
        )
    return found


@register(Tags.security, deploy=True)
def text_provider(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse development backends and an incomplete provider configuration if SMSFactor is in use."""
    if not any(path.endswith(".SMSFactor") for path in settings.SECOND_FACTORS):
        return []
    if not settings.SMS_BACKEND.endswith("TwilioBackend"):
        return [Error("SMS_BACKEND=console and locmem are for development only.", id="factor_sms.E001")]
    has_login = settings.TWILIO_AUTH_TOKEN or (settings.TWILIO_API_KEY and settings.TWILIO_API_SECRET)
    has_sender = settings.TWILIO_FROM or settings.TWILIO_MESSAGING_SERVICE_SID
    if not (settings.TWILIO_ACCOUNT_SID and has_login and has_sender):
        return [
            Error(
                "SMS_BACKEND=twilio needs TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN (or TWILIO_API_KEY and "
                "TWILIO_API_SECRET), and TWILIO_FROM (or TWILIO_MESSAGING_SERVICE_SID).",
                id="factor_sms.E002",
            )
        ]
    return []
