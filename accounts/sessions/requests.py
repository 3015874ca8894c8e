"""A request as the middleware leaves it: with its session, who acts and, behind the login, the user."""

from django.http import HttpRequest

from accounts.audit import Actor
from accounts.models import User
from accounts.sessions.store import SessionStore


class SiteRequest(HttpRequest):
    """A request for a page.

    `actor` is who acts as the request begins. A GET has none, since it changes nothing.
    """

    session: SessionStore
    actor: Actor


class SignedInRequest(SiteRequest):
    """A request for a page behind the login, as all are that are not marked `login_not_required`."""

    user: User
