"""Turn broken rules into pages."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template import loader

from accounts.exceptions import Overloaded, RateLimited, RuleViolation, SessionEnded
from accounts.web.statuses import status_of


class RuleViolationMiddleware:
    """Turn an unhandled RuleViolation into an error page, and SessionEnded into a redirect to sign in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, SessionEnded):
            messages.error(request, str(exception))
            return redirect("accounts:sign_in")
        if isinstance(exception, RateLimited):
            page = loader.render_to_string("errors/429.html", {"message": str(exception)})
            return HttpResponse(page, status=429, headers={"Retry-After": str(exception.retry_after)})
        if isinstance(exception, RuleViolation):
            page = loader.render_to_string("errors/422.html", {"message": str(exception)})
            response = HttpResponse(page, status=status_of(exception))
            if isinstance(exception, Overloaded):
                response["Retry-After"] = str(exception.retry_after)
            return response
        return None
