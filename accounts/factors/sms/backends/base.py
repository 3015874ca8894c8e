from django.http import HttpRequest


class SMSBackend:
    """Sends texts, and knows its own reports."""

    def send(self, *, to: str, body: str) -> str:
        """Hand one text to the provider; return the provider's id of it. Raises whatever goes wrong."""
        raise NotImplementedError

    def is_genuine(self, request: HttpRequest) -> bool:
        """Whether this request is a report of the provider."""
        return False
