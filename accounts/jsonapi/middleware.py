"""Ignore cookies below /api/, and send the headers that Terraform's clients require."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

API_PREFIX = "/api/"


def is_for_api(request: HttpRequest) -> bool:
    return request.path_info.startswith(API_PREFIX)


class ApiMiddleware:
    """Remove cookies from API requests, and name the API and its version in every response below /api/.

    Without cookies there is no session that another site's page could use (R52). The terraform CLI requires
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
