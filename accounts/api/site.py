"""The public endpoints: ping, and the description of the API."""

from pathlib import Path

from django.conf import settings
from django.http import HttpResponse

from accounts.api.endpoint import Call
from accounts.jsonapi.documents import no_content

DESCRIPTION = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"


def ping(call: Call) -> HttpResponse:
    """Return 204; its headers name the version of the API. Terraform's clients call this first."""
    return no_content()


def openapi(call: Call) -> HttpResponse:
    """Return docs/openapi.yaml unchanged."""
    return HttpResponse(DESCRIPTION.read_bytes(), content_type="application/yaml")
