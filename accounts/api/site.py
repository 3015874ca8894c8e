"""What belongs to nobody."""

from django.http import HttpResponse

from accounts.endpoints import Call
from accounts.jsonapi.documents import no_content


def ping(call: Call) -> HttpResponse:
    """Say that the API is there, and by its headers which version: the first call of Terraform's clients."""
    return no_content()
