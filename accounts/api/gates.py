"""Gates: which tokens an API request accepts."""

from functools import wraps
from typing import cast

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.api.endpoint import Call, Handler, P
from accounts.api.errors import not_found
from accounts.jsonapi.errors import ApiError
from accounts.models import ApiToken


def user_token_required(handler: Handler[P]) -> Handler[P]:
    """Require a user token; for any other token the response is a 404."""

    @wraps(handler)
    def guarded(call: Call, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not isinstance(call.token, ApiToken):
            raise not_found()
        return handler(call, *args, **kwargs)

    return cast("Handler[P]", guarded)


def sudo_token_required(handler: Handler[P]) -> Handler[P]:
    """Require a token that counts as sudo (D6)."""

    @wraps(handler)
    def guarded(call: Call, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        check_sudo(call)
        return handler(call, *args, **kwargs)

    return cast("Handler[P]", guarded)


def check_sudo(call: Call) -> None:
    """Raise ApiError 403 for a token that does not count as sudo."""
    if not has_sudo(call):
        raise token_not_verified()


def has_sudo(call: Call) -> bool:
    """Return whether the token counts as sudo.

    Only unverified tokens of users with two-factor do not. Users without two-factor gave their password when
    they created the token, and sudo asks no more of them (D6).
    """
    token = call.token
    return not isinstance(token, ApiToken) or token.counts_as_verified or not token.owner.is_enrolled


def token_not_verified(page: str = "") -> ApiError:
    """Return the 403 of D2 for a token without a second factor. `page` is where to create a new one."""
    address = settings.SITE_URL + (page or reverse("accounts:tokens"))
    detail = _(
        "This token was created without two-factor authentication. Generate a new one, now that you have "
        "it: %(address)s"
    )
    return ApiError(403, "two-factor required", detail % {"address": address})


def staff_token_required(handler: Handler[P]) -> Handler[P]:
    """Require a verified token of a site admin; otherwise the response is a 404."""

    @wraps(handler)
    def guarded(call: Call, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not (call.user.is_staff and call.user.is_verified()):
            raise not_found()
        return handler(call, *args, **kwargs)

    return cast("Handler[P]", guarded)
