"""The steps of every API request: authenticate, gate, parse, verb, render.

`endpoint` makes a view from handlers, one for each method. A handler takes a Call; the decorators around it
are its gates. Only this module turns the exceptions of handlers into error objects.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from accounts.api.errors import error_response, method_not_allowed, not_found, too_many_requests, unauthorized
from accounts.audit import Actor
from accounts.jsonapi.documents import MEDIA_TYPES
from accounts.jsonapi.errors import ApiError
from accounts.jsonapi.parsing import parse
from accounts.jsonapi.requests import Document
from accounts.limits.counts import THROTTLED
from accounts.limits.throttle import networks_of, throttle
from accounts.models import ApiToken, BearerToken, User
from accounts.tokens import lookup

P = ParamSpec("P")


@dataclass
class Call:
    """One API request, and the token that it was sent with."""

    request: HttpRequest
    token: BearerToken | None
    includes_known: bool = False  # whether the handler has called `includes`

    @cached_property
    def actor(self) -> Actor:
        return Actor.of_program(self.request, self.token)

    @property
    def user(self) -> User:
        """Return the owner of a user token. Raises ApiError 404 for any other token."""
        if not isinstance(self.token, ApiToken):
            raise not_found()
        return self.token.owner

    @cached_property
    def body(self) -> Any:
        """Return the parsed body, or None if it is empty. Raises ApiError 415 or 400."""
        return read_body(self.request)

    def check_body(self) -> None:
        """Refuse a malformed body where none is needed; accept null and {}, which some clients send."""
        read_body(self.request)

    def document(self, *kinds: str, public_id: str = "") -> Document:
        return Document(self.body, kinds=kinds, public_id=public_id)

    def includes(self, *known: str) -> set[str]:
        """Return the names in `include`. Raises ApiError 400 for an unknown name, as JSON:API requires."""
        self.includes_known = True
        wanted = {name for name in self.request.GET.get("include", "").split(",") if name}
        if unknown := wanted - set(known):
            detail = _("There is no include parameter “%(name)s” here.") % {"name": min(unknown)[:50]}
            raise ApiError(400, "invalid include parameter", detail, parameter="include")
        return wanted


Handler = Callable[Concatenate[Call, P], HttpResponse]


def endpoint(
    *,
    public: bool = False,
    absent: Mapping[str, str | Promise] | None = None,
    **handlers: Callable[..., HttpResponse],
) -> Callable[..., HttpResponse]:
    """Make a view from handlers by method. It requires a token unless it is public, and ignores cookies.

    `absent` says by method why there is no handler where Terraform Cloud has one.
    """
    by_method = {**({"HEAD": handlers["GET"]} if "GET" in handlers else {}), **handlers}

    @csrf_exempt
    @login_not_required
    def view(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        allowance = None
        try:
            caller = Actor.of_program(request, None)
            token = authenticate(request, caller)
            allowance = throttle.take({token.holder: 1} if token else networks_of(caller))
            if allowance.exceeded:
                THROTTLED.count()
                raise too_many_requests()
            if token is None and not public:
                raise unauthorized()
            method = request.method or ""
            handler = by_method.get(method)
            if handler is None:
                raise method_not_allowed(method, by_method, str((absent or {}).get(method, "")))
            call = Call(request, token)
            response = handler(call, **kwargs)
            refuse_unread_include(call)
        except Exception as error:
            response = error_response(error)
        if allowance:
            for name, value in allowance.headers.items():
                response[name] = value
        return response

    view.handlers = handlers  # type: ignore[attr-defined]
    view.public = public  # type: ignore[attr-defined]
    return view


def authenticate(request: HttpRequest, caller: Actor) -> BearerToken | None:
    """Return the valid token in the Authorization header, or None. Raises RateLimited."""
    scheme, _space, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "bearer" or not text:
        return None
    return lookup.find_token(text, actor=caller)


def refuse_unread_include(call: Call) -> None:
    """Raise ApiError 400 if a request asks for includes and its handler supports none."""
    if call.request.method in ("GET", "HEAD") and not call.includes_known:
        call.includes()


def read_body(request: HttpRequest) -> Any:
    """Return the parsed body of a request, or None if it is empty. Raises ApiError 415 or 400."""
    raw = request.body
    if not raw.strip():
        return None
    check_media_type(request)
    return parse(raw)


def check_media_type(request: HttpRequest) -> None:
    """Raise ApiError 415 unless the content type is JSON in UTF-8 without other parameters."""
    parameters = dict(request.content_params or {})
    charset = parameters.pop("charset", "utf-8").lower()
    if request.content_type not in MEDIA_TYPES or parameters or charset != "utf-8":
        detail = _("Send the body as %(type)s.") % {"type": MEDIA_TYPES[0]}
        raise ApiError(415, detail=detail)
