"""The description of this API, for programs: docs/openapi.yaml as it is."""

from pathlib import Path

from django.conf import settings
from django.http import HttpResponse

from accounts.endpoints import Call

DESCRIPTION = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"


def show(call: Call) -> HttpResponse:
    return HttpResponse(DESCRIPTION.read_bytes(), content_type="application/yaml")
