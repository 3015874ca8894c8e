"""Types of requests after the middleware: with session, actor and, behind the login, user."""

from django.http import HttpRequest

from accounts.audit import Actor
from accounts.models import User
from accounts.sessions.store import SessionStore


class SiteRequest(HttpRequest):
    """A request for a page. `actor` is the actor when the request begins; only a POST has one."""

    session: SessionStore
    actor: Actor


class SignedInRequest(SiteRequest):
    """A request for a page behind the login: every page not marked `login_not_required`."""

    user: User
