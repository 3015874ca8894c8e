"""Set the session cookie, `request.user` and `request.actor` (requests.py has their types)."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware as DjangoAuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessionMiddleware
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject

from accounts.audit import Actor, known_browsers
from accounts.jsonapi.middleware import is_for_api
from accounts.models import Session, User
from accounts.sessions import remembered
from accounts.sessions.lifetimes import ABSOLUTE_LIFETIME, LAST_USED_RESOLUTION, PENDING_LIFETIME
from accounts.sessions.requests import SiteRequest
from accounts.sessions.store import SessionStore
from accounts.web.cookies import delete_private, set_private

logger = logging.getLogger(__name__)

COOKIE = "session"  # settings.SESSION_COOKIE_NAME, without its prefix


class SessionMiddleware(DjangoSessionMiddleware):
    """Set and delete the cookies of the engine (accounts/sessions/store.py).

    A request with a former key never deletes the cookie: another tab may just have received the new key.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)
        self.SessionStore = SessionStore

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        session = request.session
        if not isinstance(session, SessionStore):
            return response
        if session.accessed or session.loaded:
            patch_vary_headers(response, ("Cookie",))
        if session.modified and response.status_code < 500:
            session.save()
        if session.ended:
            delete_private(response, COOKIE)
        elif session.new_key and response.status_code < 500:
            set_private(response, COOKIE, session.new_key, lifetime=lifetime_of(session))
            if session.row and session.user:
                stamp = session.row.security_stamp
                known_browsers.keep_known(request, response, session.user.pk, stamp)
            if session.remembered_token and session.user:
                remembered.keep_token(request, response, session.user, session.remembered_token)
        elif session.loaded and response.status_code < 500:
            note_use(session.row)
        return response


def lifetime_of(session: SessionStore) -> timedelta:
    """Return how long the browser keeps the key; the row may expire sooner."""
    pending = session.row is not None and session.row.pending_user_id is not None
    return PENDING_LIFETIME if pending else ABSOLUTE_LIFETIME


def note_use(row: Session | None) -> None:
    """Store when a session was last used, once a minute at most.

    If the write fails, log it and go on: the session ends earlier, never later.
    """
    now = timezone.now()
    # A time in the future is put right: the clock was wrong (D43).
    if row is None or row.user_id is None or abs(now - row.last_used_at) < LAST_USED_RESOLUTION:
        return
    try:
        Session.objects.filter(pk=row.pk, last_used_at=row.last_used_at).update(last_used_at=now)
    except DatabaseError as error:
        logger.warning("The use of a session was not noted: %s", type(error).__name__)


class AuthenticationMiddleware(DjangoAuthenticationMiddleware):
    """Set `request.user` from the session's row, without another statement; a GET never deletes a row.

    With the user comes their time zone, until the response is made. On POST, set `request.actor` before the
    view can change the session.
    """

    def process_request(self, request: HttpRequest) -> None:
        timezone.deactivate()
        if is_for_api(request):
            request.user = AnonymousUser()  # for Django's own code; API requests have no session
            return
        request.user = SimpleLazyObject(lambda: user_of(request))  # type: ignore[assignment, arg-type]

    def process_view(self, request: SiteRequest, *view: Any) -> None:
        if request.method == "POST" and not is_for_api(request):
            request.actor = Actor.of(request)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        timezone.deactivate()  # this thread goes on to serve others
        return response


def user_of(request: SiteRequest) -> User | AnonymousUser:
    """Return who is signed in, and put them in the place of the lazy object: templates look at them often."""
    row = request.session.row
    user: User | AnonymousUser = AnonymousUser()
    if row is not None and row.user is not None:
        user = row.user
        user.session_verified = row.verified_at is not None
        user.session_method = row.method
        timezone.activate(user.zone)
    request.user = user
    return user
