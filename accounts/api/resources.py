"""Users and their tokens as API resources.

They have every attribute of Terraform Cloud. Those without a meaning here have their documented default.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.templatetags.static import static

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


def avatar_url() -> str:
    """Return the address of the picture of everybody, which is the same. Clients insist on one."""
    return settings.SITE_URL + static("icons/person.svg")


def basics(username: str | None, *, is_service_account: bool = False) -> dict[str, Any]:
    """Return the attributes that every resource of type `users` has, for every caller.

    The permissions are what the caller may do with the account: nothing, unless it is the caller's own.
    """
    return {
        "username": username,
        "is-service-account": is_service_account,
        "auth-method": "tfc",
        "avatar-url": avatar_url(),
        "v2-only": True,
        "permissions": dict.fromkeys(allowed_actions, False),
    }


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
    attributes = basics(user.username)
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
    relationships: dict[str, Any] = {
        "authentication-tokens": {"links": {"related": f"{path}/authentication-tokens"}}
    }
    links = {"self": path}
    if token is not None:
        relationships["authenticated-resource"] = to_one(*token.belongs_to)
        links["auth-token"] = f"{API}/authentication-tokens/{token.public_id}"
    return resource("users", user_id(user), attributes, relationships=relationships, links=links)


def administered_user_resource(user: User) -> Resource:
    """Return a user as in Terraform Enterprise, for site admins. One official client reads the flat pair."""
    shown = user_resource(user, private=True)
    enabled, verified = two_factor(user).values()
    shown["attributes"] |= {
        "is-admin": user.is_staff,
        "is-suspended": not user.is_active,
        "two-factor-enabled": enabled,
        "two-factor-verified": verified,
    }
    return shown


def invited_user_resource(user_id: str, email: str) -> Resource:
    """Return the placeholder for somebody who was invited by address, whether or not it has an account (D39).

    There is nothing at its own address, so it links to none.
    """
    attributes = basics(None) | {"email": email, "two-factor": {"enabled": False, "verified": False}}
    return resource("users", user_id, attributes)


def service_account(token: BearerToken) -> Resource:
    """Return the service account of a token without a user. Its type is `users`, as in Terraform Cloud."""
    kind, name = token.belongs_to
    username = f"api-{kind.removesuffix('s')}-{name.removeprefix('team-')}"
    attributes = basics(username, is_service_account=True) | {
        # Clients insist on an address. No mail can ever be sent to this one (RFC 2606).
        "email": f"{username}@service-account.invalid",
        "unconfirmed-email": None,
        "two-factor": {"enabled": False, "verified": False},
        "is-confirmed": True,
        "is-site-admin": False,
        "is-admin": False,
        "is-sudo": False,
        **ELSEWHERE,
    }
    relationships = {"authenticated-resource": to_one(kind, name)}
    return resource("users", f"user-{username}", attributes, relationships=relationships)


def permissions(user: User) -> dict[str, bool]:
    return {name: may(user) for name, may in allowed_actions.items()}


def token_resource(
    token: BearerToken,
    *,
    path: str = "",
    secret: str | None = None,
    relationships: Mapping[str, Any] | None = None,
) -> Resource:
    """Return the resource of a token. `secret` is the token itself: only the response to its creation has it.

    `path` replaces the path of the self link. Clients insist on a maker: of a token that a command has made
    it is what the token belongs to.
    """
    creator = token.belongs_to
    if token.created_by_id is not None:
        creator = "users", public_id("user", token.created_by_id)
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
        relationships={"created-by": to_one(*creator), **(relationships or {})},
        links={"self": path or f"{API}/authentication-tokens/{token.public_id}"},
    )
