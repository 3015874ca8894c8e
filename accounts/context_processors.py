"""Template variables for every page."""

from django.conf import settings

from accounts.factors import LOW_STOCK
from accounts.factors.stock import codes_left
from accounts.sessions.requests import SiteRequest
from accounts.users.joining import every_invitation_admits, may_sign_up


def codes_low(request: SiteRequest) -> int | None:
    """Return the number of unused backup codes if it is low, otherwise None. For the banner on every page."""
    if request.method == "POST":  # the request may have changed the number after it was read
        return None
    if not request.user.is_authenticated or not request.user.is_enrolled:
        return None
    left = codes_left(request.user, request.session.row, changed=False)
    return left if left <= LOW_STOCK else None


def site(request: SiteRequest) -> dict[str, object]:
    return {
        "codes_low": lambda: codes_low(request),
        "site_name": settings.SITE_NAME,
        "support_email": settings.SUPPORT_EMAIL,
        "sign_up_open": may_sign_up(None),
        "invitations_admit": every_invitation_admits(),
    }
