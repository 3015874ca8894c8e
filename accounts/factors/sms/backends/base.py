from django.http import HttpRequest


class SMSBackend:
    """Base class: sends texts and checks whether a delivery report is genuine."""

    def send(self, *, to: str, body: str) -> str:
        """Hand one text to the provider; return the provider's id for it. May raise any exception."""
        raise NotImplementedError

    def is_genuine(self, request: HttpRequest) -> bool:
        """Return whether this request is a report from the provider."""
        return False
