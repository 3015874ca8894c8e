"""User Settings > Tokens."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe


@require_safe
def tokens(request: HttpRequest) -> HttpResponse:
    return HttpResponse()
