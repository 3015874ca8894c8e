from collections.abc import Iterator

from django.http import HttpRequest

from accounts.factors.sms.reasons import NO_ANSWER, NONE
from accounts.metrics.tallies import OTHER


class SMSBackend:
    """Base class: sends texts and checks whether a delivery report is genuine."""

    def send(self, *, to: str, body: str) -> str:
        """Hand one text to the provider; return the provider's id for it. May raise any exception."""
        raise NotImplementedError

    def is_genuine(self, request: HttpRequest) -> bool:
        """Return whether this request is a report from the provider."""
        return False

    def reason_of(self, error: Exception) -> str:
        """Return the words for an error that `send` has raised (accounts/factors/sms/reasons.py)."""
        return NO_ANSWER if isinstance(error, OSError) else OTHER

    def reported_reason(self, request: HttpRequest) -> str:
        """Return the provider's words for a text that was not delivered, from its report."""
        return NONE

    def problems(self) -> Iterator[str]:
        """Yield why the provider would take no texts, in sentences. Costs nothing, sends nothing."""
        yield from ()
