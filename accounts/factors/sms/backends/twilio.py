"""Send texts by Twilio's SDK: timeouts of 5 seconds, no automatic retry, no message text in logs."""

import logging
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.factors.sms.backends.base import SMSBackend
from accounts.factors.sms.reasons import of_code

TIMEOUT = 5  # seconds, to connect and to read each

# At INFO the SDK logs the URLs and headers of its requests.
logging.getLogger("twilio.http_client").setLevel(logging.WARNING)


class NotTwilio(Exception):
    """Something else has answered, such as a proxy: Twilio gives each text that it takes an id."""


class TwilioBackend(SMSBackend):
    def send(self, *, to: str, body: str) -> str:
        options: dict[str, Any] = {"to": to, "body": body}
        if settings.TWILIO_MESSAGING_SERVICE_SID:
            options["messaging_service_sid"] = settings.TWILIO_MESSAGING_SERVICE_SID
        else:
            options["from_"] = settings.TWILIO_FROM
        # Without the auth token the signature of a report can't be checked, so don't request reports.
        if settings.TWILIO_AUTH_TOKEN:
            options["status_callback"] = f"{settings.SITE_URL}/webhooks/sms-status"
        message = client().messages.create(**options)
        if not message.sid:
            raise NotTwilio
        return str(message.sid)

    def is_genuine(self, request: HttpRequest) -> bool:
        """Check the signature over our public URL and the sorted fields (Twilio's security guide)."""
        from twilio.request_validator import RequestValidator  # noqa: PLC0415 - the SDK is heavy

        if not settings.TWILIO_AUTH_TOKEN:
            return False
        validator = RequestValidator(settings.TWILIO_AUTH_TOKEN)
        url = f"{settings.SITE_URL}{request.get_full_path()}"
        signature = request.headers.get("X-Twilio-Signature", "")
        return bool(validator.validate(url, request.POST, signature))

    def reason_of(self, error: Exception) -> str:
        code = getattr(error, "code", None)
        return of_code(code) if code else super().reason_of(error)

    def reported_reason(self, request: HttpRequest) -> str:
        return of_code(request.POST.get("ErrorCode"))

    def problems(self) -> Iterator[str]:
        """Ask for the account itself: that needs the credentials, and costs nothing."""
        try:
            account = client().api.v2010.accounts(settings.TWILIO_ACCOUNT_SID).fetch()
        except Exception as error:  # its text may hold the account and the address of the request
            yield (
                f"Twilio does not answer as it should ({self.reason_of(error)}, {type(error).__name__}): "
                "compare TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN (or TWILIO_API_KEY and TWILIO_API_SECRET) "
                "with Twilio's console, and see that this machine reaches api.twilio.com"
            )
            return
        if account.status != "active":
            yield "the account at Twilio is suspended or closed, and sends nothing: see Twilio's console"


def client() -> Any:
    from twilio.http.http_client import TwilioHttpClient  # noqa: PLC0415 - the SDK is heavy
    from twilio.rest import Client  # noqa: PLC0415

    from accounts.factors.sms.backends import connections  # noqa: PLC0415 - as heavy

    http_client = TwilioHttpClient(timeout=TIMEOUT, max_retries=0)
    http_client.session = connections.ImpatientSession()
    made = Client(
        settings.TWILIO_API_KEY or settings.TWILIO_ACCOUNT_SID,
        settings.TWILIO_API_SECRET or settings.TWILIO_AUTH_TOKEN,
        account_sid=settings.TWILIO_ACCOUNT_SID,
        http_client=http_client,
        user_agent_extensions=[f"tfc-auth/{settings.VERSION}"],
    )
    if settings.TWILIO_API_BASE_URL:
        made.api.base_url = settings.TWILIO_API_BASE_URL
    return made
