"""Show broken rules on form pages, with the right status and Retry-After."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.exceptions import Mistakes, Overloaded, RateLimited, RuleViolation
from accounts.web.forms import Form
from accounts.web.statuses import status_of

LONGEST_COUNTDOWN = 60  # seconds


def add_message(request: HttpRequest, error: RuleViolation, *, countdown: bool = False) -> None:
    """Show a broken rule on the next page. Skip waits of up to a minute if it has a countdown (D26)."""
    if countdown and isinstance(error, RateLimited) and error.retry_after <= LONGEST_COUNTDOWN:
        return
    messages.error(request, str(error))


def add_violation(form: Form, error: RuleViolation, field: str | None = None) -> None:
    """Add a broken rule to the form: at the field that it names, else at `field`, else above all fields.

    `form_page` then responds with the status of the rule.
    """
    if isinstance(error, Mistakes):
        for violation in error.violations:
            add_violation(form, violation, field)
        return
    field = next((name for name in error.fields if name in form.fields), field)
    form.add_error(field, str(error))
    form.violation = error  # type: ignore[attr-defined]


def form_page(request: HttpRequest, template: str, form: Form, **context: Any) -> HttpResponse:
    """Render a page with a form: 200 if it is unbound or has no errors, else 422 or the rule's status."""
    response = render(request, template, {"form": form, **context})
    if not form.is_bound or not form.errors:
        return response
    violation = getattr(form, "violation", None)
    response.status_code = status_of(violation)
    if isinstance(violation, RateLimited | Overloaded):
        response["Retry-After"] = str(violation.retry_after)
    return response
