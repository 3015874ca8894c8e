"""Users and their tokens as API resources.

They have every attribute of Terraform Cloud. Those without a meaning here have their documented default.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from accounts.jsonapi.documents import API, Resource, resource, to_one
from accounts.models import BearerToken, User
from accounts.models.public_ids import public_id
from accounts.plugins import Registry

# Attributes of Terraform Cloud accounts that are never true here.
ELSEWHERE = dict.fromkeys(("is-sso-login", "is-unified", "has-git-hub-app-token", "has-linked-hcp"), False)

# The `permissions` in the account details: whether the user may do each of these.
allowed_actions: Registry[Callable[[User], bool]] = Registry()

ACTIONS: dict[str, Callable[[User], bool]] = {
    "can-change-email": lambda user: True,
    "can-change-username": lambda user: False,
    "can-change-password": lambda user: True,
    "can-manage-user-tokens": lambda user: True,
    "can-manage-sessions": lambda user: True,
    "can-view2fa-settings": lambda user: True,
    "can-manage-hcp-account": lambda user: False,
}


def moment(value: datetime | None) -> str | None:
    """Return a time in the format of the API, in UTC with milliseconds; None for None."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def user_id(user: User) -> str:
    return public_id("user", user.pk)


def two_factor(user: User) -> dict[str, bool]:
    """Return the attribute `two-factor`. Unconfirmed devices don't count: enabled and verified are equal."""
    return {"enabled": user.is_enrolled, "verified": user.is_enrolled}


def user_resource(
    user: User,
    *,
    private: bool = False,
    own: bool = False,
    sudo: bool = False,
    token: BearerToken | None = None,
) -> Resource:
    """Return the resource of a user. Without options it shows only the name.

    `private` adds what owners of a shared organization may see, `own` what only the user may see, and `token`
    links to the token of this request and to the resource that the token belongs to.
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
    """Return the service account of a token without a user. Its type is `users`, as in Terraform Cloud."""
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
    """Return the resource of a token. `secret` is the token itself: only the response to its creation has it.

    `path` replaces the path of the self link.
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
