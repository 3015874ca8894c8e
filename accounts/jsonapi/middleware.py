"""No cookies below /api/, and the headers that Terraform's clients ask for."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

API = "/api/"


def is_for_api(request: HttpRequest) -> bool:
    return request.path_info.startswith(API)


class ApiMiddleware:
    """Keep cookies out of the API, and say on every answer below /api/ which API this is.

    Without cookies there is no session that a foreign page could use (R52). The terraform CLI wants
    version 2.5 of the API or later.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_for_api(request):
            return self.get_response(request)
        request.META.pop("HTTP_COOKIE", None)
        response = self.get_response(request)
        response["TFP-API-Version"] = "2.6"
        response["TFP-AppName"] = settings.SITE_NAME
        return response
