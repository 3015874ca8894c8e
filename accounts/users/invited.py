"""Invitations of other applications: which sign-ups come by one, and what the sign-in says of it."""

from dataclasses import dataclass
from typing import Protocol

from django.http import HttpRequest

from accounts.plugins import Registry
from accounts.users.links import LinkCookie


@dataclass(frozen=True)
class Welcome:
    """Who invites to what, or why the invitation does not work. `page` is the path that it leads to."""

    text: str
    works: bool
    page: str


class Invitations(Protocol):
    """Those of an application, found by the token in the link of their mail, which may be anything."""

    def key_for_sign_up(self, token: str, email: str) -> str:
        """Return the key of the open invitation to this address that the token was mailed for, or ""."""

    def welcome(self, token: str) -> Welcome:
        """Return what the holder of the link may know without signing in."""


invitations: Registry[Invitations] = Registry()

# The token of an invitation that was opened in this browser, for the page of the sign-in.
AT_SIGN_IN = LinkCookie("invited-here", "accounts:sign_in")


def welcome(request: HttpRequest, cookie: LinkCookie, next_path: str) -> Welcome | None:
    """Return what to say to somebody who is on the way to an invitation; None to everybody else.

    Reads the database only if the browser has the cookie of such a link. Names no account and no address: the
    page is the same whether an account with the invited address exists or not (D24).
    """
    token = cookie.token(request)
    found = (known.welcome(token) for known in invitations.values()) if token else ()
    return next((one for one in found if one.page == next_path), None)
