"""Which tokens a request of the API takes."""

from functools import wraps
from typing import cast

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.api.endpoint import Call, Handler, P, not_found
from accounts.jsonapi.errors import ApiError
from accounts.models import ApiToken

# --- Gates that know nothing of organizations ---


def user_token_required(handler: Handler[P]) -> Handler[P]:
    """Only for people's own tokens. For others there is nothing here."""

    @wraps(handler)
    def guarded(call: Call, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not isinstance(call.token, ApiToken):
            raise not_found()
        return handler(call, *args, **kwargs)

    return cast("Handler[P]", guarded)


def sudo_token_required(handler: Handler[P]) -> Handler[P]:
    """Only for tokens that stand for sudo (D6)."""

    @wraps(handler)
    def guarded(call: Call, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        check_sudo(call)
        return handler(call, *args, **kwargs)

    return cast("Handler[P]", guarded)


def check_sudo(call: Call) -> None:
    """Raise 403 for a token that does not stand for sudo."""
    if not has_sudo(call):
        raise token_not_verified()


def has_sudo(call: Call) -> bool:
    """Whether the token stands for sudo: all but those of people with two-factor that were made without it.

    Who has none proved the password when the token was made, and that is all that sudo asks of him (D6).
    """
    token = call.token
    return not isinstance(token, ApiToken) or token.counts_as_verified or not token.owner.is_enrolled


def token_not_verified(page: str = "") -> ApiError:
    """Return D2's 403 for a token without a second factor. `page` is where to make a better one."""
    address = settings.SITE_URL + (page or reverse("accounts:tokens"))
    detail = _(
        "This token was made without two-factor authentication. Make a new one, now that you have it: "
        "%(address)s"
    )
    return ApiError(403, "two-factor required", detail % {"address": address})
