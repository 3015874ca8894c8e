"""Turn broken rules into pages, and lead to the sign-in who is not signed in."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware as DjangoLoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from accounts.exceptions import DecryptionFailed, Overloaded, RateLimited, RuleViolation, SessionEnded
from accounts.web.acting import SHOWING, SeeOther, page_of, redirect_to_sign_in
from accounts.web.error_pages import error_page
from accounts.web.statuses import status_of


class LoginRequiredMiddleware(DjangoLoginRequiredMiddleware):
    """Redirect to the sign-in, and after it to the page whose form was sent: a POST is never replayed.

    Who asks is read only where that matters: what is open to everybody needs no session and no database.
    """

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], *arguments: Any
    ) -> HttpResponseBase | None:
        if not getattr(view_func, "login_required", True):
            return None
        return super().process_view(request, view_func, *arguments)

    def handle_no_permission(
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseRedirect:
        if request.method not in SHOWING:
            messages.error(request, _("You have been signed out, so the form that you sent changed nothing."))
        return redirect_to_sign_in(request)


# Nothing is stale when one of these is broken, and the page would say nothing else.
NOT_OF_STATE = (RateLimited, Overloaded, DecryptionFailed)


class RuleViolationMiddleware:
    """Turn an unhandled RuleViolation into a page, and SessionEnded into a redirect to sign in.

    What a stale form asks for is no longer possible: its page says so, and shows the present state (D42).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, SessionEnded):
            messages.error(request, str(exception))
            return redirect_to_sign_in(request)
        if isinstance(exception, RateLimited):
            response = refusal(request, 429, exception)
            response["Retry-After"] = str(exception.retry_after)
            return response
        stale = isinstance(exception, RuleViolation) and not isinstance(exception, NOT_OF_STATE)
        if stale and request.method not in SHOWING:
            messages.error(request, str(exception))
            return SeeOther(page_of(request))
        if isinstance(exception, RuleViolation):
            response = refusal(request, status_of(exception), exception)
            if isinstance(exception, Overloaded):
                response["Retry-After"] = str(exception.retry_after)
            return response
        return None


def refusal(request: HttpRequest, status: int, violation: RuleViolation) -> HttpResponse:
    """Return the page that says why, and that leads back to the page of the form that was sent."""
    return error_page(
        request,
        status,
        "429" if status == 429 else "422",
        message=str(violation),
        busy=isinstance(violation, Overloaded),
        page="" if request.method in SHOWING else page_of(request),
        label=_("Back to the page"),
    )
