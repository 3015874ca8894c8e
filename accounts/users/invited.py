"""Open invitations to an address: what the link of their mail proves, and what pages say of it.

Applications register their kinds of invitations. One link is of one kind: its signature is made for that.
"""

from dataclasses import dataclass
from typing import Protocol

from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from accounts.models import login_key
from accounts.plugins import Registry
from accounts.users.link_texts import LinkInvalid, check_text
from accounts.users.links import LinkCookie

SITE = "site"  # the kind of invitations by site admins

GONE = gettext_lazy(
    "This invitation is no longer open. It was answered or withdrawn. If you have accepted it, sign in."
)
EXPIRED = gettext_lazy("This invitation has expired.")
ASK_AGAIN = gettext_lazy("Ask the person who invited you for a new one.")


@dataclass(frozen=True)
class Proof:
    """What the link of an open invitation proves: the person who opened it reads the mail of `address`.

    `page` is the path to which the account that is created with it goes first.
    """

    kind: str
    pk: int
    address: str
    page: str

    @property
    def key(self) -> str:
        """Return the key by which accounts that are created with this invitation are counted."""
        return f"{'site-' if self.kind == SITE else ''}invitation:{self.pk}"


@dataclass(frozen=True)
class InvitationNotice:
    """Who invites to what, or why that does not work. `admits`: it lets people create an account."""

    text: str
    works: bool
    admits: bool = False


class Invitations(Protocol):
    """Those of one kind, found by the token in the link of their mail, which may be anything."""

    def proof(self, token: str) -> Proof | None:
        """Return what the token proves; None if it is not of this kind, or its invitation takes no account.

        An invitation takes one account. One that names an account takes none.
        """

    def welcome(self, token: str) -> InvitationNotice | None:
        """Return what the holder of the link may know without signing in; None if it is not of this kind.

        A token that is too old is of any kind: only what is in the row tells them apart, and it may be gone.
        """

    def spend(self, proof: Proof) -> bool:
        """Spend the invitation for an account, in its transaction; return False if another one has it."""


def expired() -> InvitationNotice:
    return InvitationNotice(f"{EXPIRED} {ASK_AGAIN}", works=False)


invitations: Registry[Invitations] = Registry()

# The tokens of an invitation that was opened in this browser: for the page of the sign-in, and for the one
# that creates accounts.
SIGN_IN_COOKIE = LinkCookie("invited-here", "accounts:sign_in")
SIGN_UP_COOKIE = LinkCookie("invited", "accounts:sign_up")


def proof_of(token: str, email: str = "") -> Proof | None:
    """Return what this token proves, if `email` is "" or the address that was invited. Spends nothing."""
    if not token:
        return None
    found = next(filter(None, (kind.proof(token) for kind in invitations.values())), None)
    if found is None or (email and login_key(email) != found.address):
        return None
    return found


def welcome(request: HttpRequest, cookie: LinkCookie) -> InvitationNotice | None:
    """Return what to say to somebody who has opened the link of an invitation; None to everybody else.

    Reads the database only if the browser has the cookie of such a link. Says the same whether an account
    with the invited address exists or not (D24).
    """
    token = cookie.token(request)
    if not token:
        return None
    found = next(filter(None, (kind.welcome(token) for kind in invitations.values())), None)
    return found or InvitationNotice(why_not(token), works=False)


def why_not(token: str) -> str:
    """Return why a token is that of no open invitation, as far as its text alone tells."""
    try:
        check_text(token)
    except LinkInvalid as error:
        return str(GONE if type(error) is LinkInvalid else error)
    return str(GONE)
