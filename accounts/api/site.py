"""What belongs to nobody: the first call of every client, and the description of the API."""

from pathlib import Path

from django.conf import settings
from django.http import HttpResponse

from accounts.api.endpoint import Call
from accounts.jsonapi.documents import no_content

DESCRIPTION = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"


def ping(call: Call) -> HttpResponse:
    """Say that the API is there, and by its headers which version: the first call of Terraform's clients."""
    return no_content()


def openapi(call: Call) -> HttpResponse:
    """Answer with docs/openapi.yaml as it is."""
    return HttpResponse(DESCRIPTION.read_bytes(), content_type="application/yaml")
