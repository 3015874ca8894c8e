"""Serve the files that browsers, crawlers and security researchers look for without being told.

They are the same for everybody and name nobody. All but the keys may be cached
for a day, unlike all pages (R51).
"""

from datetime import UTC, datetime, time, timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts.evidence.keys import served_keys

DAY = 86_400  # seconds
cached_for_a_day = cache_control(public=True, max_age=DAY)
PLAIN = "text/plain; charset=utf-8"
# RFC 9116 recommends less than a year. Nobody renews the file by hand, so a short time is no burden.
GOOD_FOR = timedelta(days=180)
NO_CONTACT = "This site names no contact for security reports. Its operator can set SECURITY_CONTACT.\n"

# `$` ends the path: the sign-in page may be found, and nothing behind it has words for a search engine.
ROBOTS = """\
User-agent: *
Allow: /$
Allow: /session$
Allow: /docs
Allow: /static/
Disallow: /
"""


@login_not_required
@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Return whom to tell about a vulnerability (RFC 9116), or a 404 in plain text if nobody is named."""
    if not settings.SECURITY_CONTACT:
        answer = HttpResponse(NO_CONTACT, status=404, content_type=PLAIN)
        answer._has_been_logged = True  # type: ignore[attr-defined]  # scanners ask every site, every day
        return answer
    return with_contact(request)


@cached_for_a_day
def with_contact(request: HttpRequest) -> HttpResponse:
    lines = [f"Contact: {contact}" for contact in settings.SECURITY_CONTACT]
    lines += [
        f"Expires: {end_of_validity():%Y-%m-%dT%H:%M:%SZ}",
        f"Preferred-Languages: {', '.join(code for code, _name in settings.LANGUAGES)}",
        f"Canonical: {settings.SITE_URL}{reverse('site:security_txt')}",
        f"Policy: {settings.SITE_URL}{reverse('site:docs', args=['report-a-vulnerability'])}",
    ]
    return HttpResponse("".join(f"{line}\n" for line in lines), content_type=PLAIN)


def end_of_validity() -> datetime:
    """Return a midnight, so that the file is the same all day."""
    return datetime.combine(timezone.now().astimezone(UTC).date() + GOOD_FOR, time(), UTC)


@login_not_required
@require_safe
def evidence_keys(request: HttpRequest) -> HttpResponse:
    """Return the public keys of evidence. Former ones stay: what they have signed is verified later."""
    keys = [
        {
            "id": key.id,
            "algorithm": "Ed25519",
            "public_key": key.public_key,
            "first_used_at": key.first_used_at,
            "current": key.is_current,
        }
        for key in served_keys()
    ]
    return JsonResponse({"site": settings.SITE_URL, "keys": keys}, json_dumps_params={"indent": 2})


@login_not_required
@require_safe
@cached_for_a_day
def robots_txt(request: HttpRequest) -> HttpResponse:
    return HttpResponse(ROBOTS, content_type=PLAIN)


@login_not_required
@require_safe
@cached_for_a_day
def icon(request: HttpRequest) -> HttpResponseBase:
    """Redirect what asks for an icon by its customary name, such as a telephone's home screen."""
    return redirect(static("icons/touch.png"))
