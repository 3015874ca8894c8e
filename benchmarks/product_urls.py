"""Route all paths of the product, and the members' page a second time, without the gate."""

import inspect

from django.http import HttpResponse
from django.urls import path

from accounts.sessions.requests import SignedInRequest
from organizations.access.gate import membership_of
from organizations.views.organization import detail
from tfc_auth.urls import handler400, handler403, handler404, handler500
from tfc_auth.urls import urlpatterns as product_patterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

page_itself = inspect.unwrap(detail)


def without_gate(request: SignedInRequest, organization_name: str) -> HttpResponse:
    """Read what the page needs, without any check."""
    membership = membership_of(request.user, organization_name)
    assert membership is not None
    response: HttpResponse = page_itself(request, membership.organization, membership)
    return response


urlpatterns = [path("ungated/<str:organization_name>", without_gate), *product_patterns]
