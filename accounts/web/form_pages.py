"""What every form page does with a broken rule: say it on the form, and tell the client when to try again."""

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.exceptions import DecryptionFailed, Gone, RateLimited, RuleViolation

LONGEST_COUNTDOWN = 60  # seconds


def status_of(violation: RuleViolation | None) -> int:
    """Return the HTTP status of a broken rule, whichever door says it; that of a form without one."""
    match violation:
        case RateLimited():
            return 429
        case DecryptionFailed():
            return 503
        case Gone():
            return 404
    return 422


def add_message(request: HttpRequest, error: RuleViolation, *, countdown: bool = False) -> None:
    """Say on the next page what was refused; but not a short wait when the page has a countdown (D26)."""
    if countdown and isinstance(error, RateLimited) and error.retry_after <= LONGEST_COUNTDOWN:
        return
    messages.error(request, str(error))


def add_violation(form: Form, error: RuleViolation, field: str | None = None) -> None:
    """Put a broken rule on the form: at the field that it names, else at `field`, else above all fields.

    `form_page` answers with the status that goes with it.
    """
    field = next((name for name in error.fields if name in form.fields), field)
    form.add_error(field, str(error))
    form.violation = error  # type: ignore[attr-defined]


def form_page(request: HttpRequest, template: str, form: Form, **context: Any) -> HttpResponse:
    """Render a page with a form: 200 while it is empty, 422 when it is refused, or what the rule says."""
    response = render(request, template, {"form": form, **context})
    if not form.is_bound or not form.errors:
        return response
    violation = getattr(form, "violation", None)
    response.status_code = status_of(violation)
    if isinstance(violation, RateLimited):
        response["Retry-After"] = str(violation.retry_after)
    return response
