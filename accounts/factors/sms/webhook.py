"""Take the provider's delivery reports. They need the provider's signature (SM-15)."""

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.factors.sms.backends import get_backend
from accounts.factors.sms.counts import DELIVERED, FAILED, TEXTS
from accounts.factors.sms.models import TextMessage
from accounts.factors.sms.reasons import NONE

REPORTED = {
    "delivered": TextMessage.Status.DELIVERED,
    "undelivered": TextMessage.Status.FAILED,
    "failed": TextMessage.Status.FAILED,
}


@csrf_exempt
@login_not_required
@require_POST
def status(request: HttpRequest) -> HttpResponse:
    """Store the final status of a text. Reports arrive in any order, even twice; the first final one wins."""
    backend = get_backend()
    if not backend.is_genuine(request):
        raise PermissionDenied
    reported = REPORTED.get(request.POST.get("MessageStatus", ""))
    provider_id = request.POST.get("MessageSid", "")
    if reported and provider_id and "\x00" not in provider_id:
        changed = TextMessage.objects.filter(
            provider_id=provider_id, status__in=[TextMessage.Status.QUEUED, TextMessage.Status.SENT]
        ).update(status=reported)
        if changed:
            is_delivered = reported == TextMessage.Status.DELIVERED
            reason = NONE if is_delivered else backend.reported_reason(request)
            TEXTS.count(DELIVERED if is_delivered else FAILED, reason)
    return HttpResponse(status=204)


urlpatterns = [path("webhooks/sms-status", status, name="sms_status")]
