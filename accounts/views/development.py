"""The development inbox. It has a URL with DEBUG only."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.outbox import inbox
from accounts.sessions.requests import SiteRequest

SHOWN = 50


@login_not_required
@require_safe
def dev_outbox(request: SiteRequest) -> HttpResponse:
    """Show the newest mails and texts to anyone. Raises Http404 without DEBUG."""
    if not settings.DEBUG:
        raise Http404
    mails = inbox.newest(settings.MAIL_DIR, SHOWN)
    return render(request, "accounts/dev_outbox.html", {"mails": mails})
