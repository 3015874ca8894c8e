"""Collect what a request enqueues."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from accounts.outbox.delivery import waiting


class OutboxMiddleware:
    """Collect the messages of a request; they are sent on `request_finished`, after the response."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        waiting.set([])
        return self.get_response(request)
