"""People and their tokens as the API shows them.

Every attribute of Terraform Cloud's that means something here, and its documented default where it does not.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from accounts.jsonapi.documents import API, Resource, resource, to_one
from accounts.models import BearerToken, User
from accounts.models.public_ids import public_id
from accounts.plugins import Registry

# What accounts can be elsewhere, and never are here.
ELSEWHERE = dict.fromkeys(("is-sso-login", "is-unified", "has-git-hub-app-token", "has-linked-hcp"), False)

# What the details of an account say that its user may do.
allowed_actions: Registry[Callable[[User], bool]] = Registry(
    {
        "can-change-email": lambda user: True,
        "can-change-username": lambda user: False,
        "can-change-password": lambda user: True,
        "can-manage-user-tokens": lambda user: True,
        "can-manage-sessions": lambda user: True,
        "can-view2fa-settings": lambda user: True,
        "can-manage-hcp-account": lambda user: False,
    }
)


def moment(value: datetime | None) -> str | None:
    """Return a time as the API writes it, in UTC and to the millisecond; None stays None."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def user_id(user: User) -> str:
    return public_id("user", user.pk)


def two_factor(user: User) -> dict[str, bool]:
    """An enrolment that is not confirmed counts for nothing here, so enabled and verified are the same."""
    return {"enabled": user.is_enrolled, "verified": user.is_enrolled}


def user_resource(
    user: User,
    *,
    private: bool = False,
    own: bool = False,
    sudo: bool = False,
    token: BearerToken | None = None,
) -> Resource:
    """Return a person: the name for everybody.

    `private` adds what owners of a common organization may see, `own` what nobody else may, and `token` that
    it is whose token this is.
    """
    attributes: dict[str, Any] = {
        "username": user.username,
        "is-service-account": False,
        "auth-method": "tfc",
        "avatar-url": None,
        "v2-only": True,
    }
    if private or own:
        attributes |= {"email": user.email, "two-factor": two_factor(user)}
    if own:
        attributes |= {
            "unconfirmed-email": user.unconfirmed_email or None,
            "is-confirmed": user.email_confirmed,
            "is-site-admin": user.is_staff,
            "is-admin": user.is_staff,
            "is-sudo": sudo,
            "permissions": permissions(user),
            **ELSEWHERE,
        }
    path = f"{API}/users/{user_id(user)}"
    relationships: dict[str, Any] = {}
    links = {"self": path}
    if own:
        tokens = {"links": {"related": f"{path}/authentication-tokens"}}
        relationships["authentication-tokens"] = tokens
    if token is not None:
        relationships["authenticated-resource"] = to_one(*token.belongs_to)
        links["auth-token"] = f"{API}/authentication-tokens/{token.public_id}"
    return resource("users", user_id(user), attributes, relationships=relationships, links=links)


def service_account(token: BearerToken) -> Resource:
    """Return what acts with a token that is no person's, in the form of a user, as Terraform Cloud does."""
    kind, name = token.belongs_to
    username = f"api-{kind.removesuffix('s')}-{name.removeprefix('team-')}"
    attributes = {
        "username": username,
        "is-service-account": True,
        "auth-method": "tfc",
        "avatar-url": None,
        "v2-only": True,
        "email": None,
        "unconfirmed-email": None,
        "two-factor": {"enabled": False, "verified": False},
        "is-confirmed": True,
        "is-site-admin": False,
        "is-admin": False,
        "is-sudo": False,
        "permissions": dict.fromkeys(allowed_actions, False),
        **ELSEWHERE,
    }
    relationships = {"authenticated-resource": to_one(kind, name)}
    return resource("users", f"user-{username}", attributes, relationships=relationships)


def permissions(user: User) -> dict[str, bool]:
    return {name: may(user) for name, may in allowed_actions.items()}


def token_resource(token: BearerToken, *, path: str = "", secret: str | None = None) -> Resource:
    """Return a token. `secret` is the token itself, which only the answer to its making shows.

    `path` is where to find it, if not under its own id.
    """
    creator = None if token.created_by_id is None else public_id("user", token.created_by_id)
    return resource(
        "authentication-tokens",
        token.public_id,
        {
            "created-at": moment(token.created_at),
            "last-used-at": moment(token.last_used_at),
            "description": token.description,
            "token": secret,
            "expired-at": moment(token.expires_at),
        },
        relationships={"created-by": to_one("users", creator)},
        links={"self": path or f"{API}/authentication-tokens/{token.public_id}"},
    )
