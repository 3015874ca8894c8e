"""Build the resources of organizations, memberships and teams as Terraform Cloud's API does."""

import re
from collections.abc import Sequence
from typing import Any

from accounts.api.resources import invited_user_resource, moment, user_resource
from accounts.jsonapi.documents import API, Resource, resource, to_many, to_one
from accounts.models.public_ids import public_id
from organizations.api.features import external_id, project_id, subscription_id
from organizations.api.gate import Access
from organizations.api.requirement import requirement_shown
from organizations.api.switches import SHOWN
from organizations.models import Membership, Organization, Right

OWNERS = "owners"  # the name of the one team


def team_id(organization: Organization) -> str:
    return public_id("team", organization.pk)


def membership_id(membership: Membership) -> str:
    return public_id("ou", membership.pk)


# --- Organizations ---


def organization_resource(access: Access) -> Resource:
    """Return what the caller may see; when locked out, no more than the locked-out page shows."""
    organization, locked_out = access.organization, access.is_locked_out
    name = organization.name
    path = f"{API}/organizations/{name}"
    attributes: dict[str, Any] = {
        "name": name,
        "email": organization.email,
        "external-id": external_id(organization),
        "created-at": moment(organization.created_at),
        **requirement_shown(organization),
        "two-factor-conformant": conformance_shown(access),
        "session-timeout": None if locked_out else organization.session_timeout,
        "session-remember": None if locked_out else organization.session_remember,
        "user-tokens-enabled": organization.user_tokens_enabled,
        "permissions": permissions(access),
        **SHOWN,
    }
    relationships = {
        "authentication-token": {"links": {"related": f"{path}/authentication-token"}},
        "entitlement-set": to_one("entitlement-sets", external_id(organization))
        | {"links": {"related": f"{path}/entitlement-set"}},
        "default-agent-pool": {"data": None},  # null in Terraform Cloud, too, where runs are remote
        "default-project": to_one("projects", project_id(organization)),
        "subscription": to_one("subscriptions", subscription_id(organization)),
    }
    return resource("organizations", name, attributes, relationships=relationships, links={"self": path})


def conformance_shown(access: Access) -> bool:
    """Return whether every owner is enrolled, to those who may require it.

    With a single owner it reveals whether that one has two-factor (OR-13). So others learn from it no more
    than from the policy; clients take no null.
    """
    if access.may(Right.SETTINGS):
        return access.is_conformant
    return access.organization.is_mandatory


def permissions(access: Access) -> dict[str, bool]:
    inside = not access.is_locked_out
    return {
        "can-update": access.may(Right.SETTINGS),
        "can-destroy": access.may(Right.SETTINGS),
        "can-traverse": inside,
        "can-view-users": access.may(Right.MEMBERS),
        "can-manage-users": access.may(Right.MEMBERS),
        "can-view-authentication": inside and access.membership is not None,
        "can-update-authentication-token": access.may(Right.TOKENS),
        "can-update-api-token": access.may(Right.TOKENS),
        "can-access-via-teams": inside,
        **dict.fromkeys(NEVER_PERMITTED, False),
    }


# What Terraform Cloud lets people do with things that are not here.
NEVER_PERMITTED = (
    "can-create-module",
    "can-create-project",
    "can-create-provider",
    "can-create-team",
    "can-create-workspace",
    "can-create-workspace-migration",
    "can-manage-auditing",
    "can-manage-run-tasks",
    "can-manage-sso",
    "can-manage-subscription",
    "can-start-trial",
    "can-update-agent-pools",
    "can-update-oauth",
    "can-update-sentinel",
    "can-update-ssh-keys",
)


# --- Memberships ---


def membership_resource(membership: Membership, *, private: bool = False, own: bool = False) -> Resource:
    """Return a member or an invitation with what every member may see.

    `private` adds what those who manage members may see, `own` what the person may see.
    """
    organization = membership.organization
    attributes: dict[str, Any] = {
        "status": membership.status,
        "username": membership.username or None,
        "created-at": moment(membership.created_at),
        "is-org-two-factor-required": organization.is_mandatory if own else None,
    }
    if address := address_of(membership, private=private, own=own):
        attributes["email"] = address
    teams = [team_id(organization)] if membership.is_owner else []
    relationships = {
        "teams": to_many("teams", teams),
        "user": to_one("users", user_id_of(membership)),
        "organization": to_one("organizations", organization.name),
    }
    return resource(
        "organization-memberships",
        membership_id(membership),
        attributes,
        relationships=relationships,
        links={"self": f"{API}/organization-memberships/{membership_id(membership)}"},
    )


def address_of(membership: Membership, *, private: bool, own: bool) -> str:
    """Return the address if it may be seen, else "". Inviting a username does not reveal its address."""
    if membership.user is None:
        return membership.email
    return membership.user.email if own or (private and not membership.is_invited) else ""


def user_id_of(membership: Membership) -> str:
    """Return the id of the user, or that of the placeholder of an invitation by address (D39).

    The placeholder's is made from the invitation alone, so it is the same whether or not the address has an
    account. It is none that an account could have: those are digits only.
    """
    if membership.user_id is not None:
        return public_id("user", membership.user_id)
    return f"user-i{membership.pk:015}"


def is_placeholder(user_id: str) -> bool:
    """Return whether this is the id of a placeholder. A username can look like one, too."""
    return re.fullmatch(r"user-i[0-9]{15,}", user_id, re.ASCII) is not None


def user_of(membership: Membership, *, private: bool = False, own: bool = False) -> Resource:
    """Return the user of a membership, with no private data of people who have not accepted yet."""
    if membership.user is None:
        return invited_user_resource(user_id_of(membership), membership.email)
    return user_resource(membership.user, private=own or (private and not membership.is_invited))


# --- The team of the owners (D23) ---


def team_resource(access: Access, owners: Sequence[Membership]) -> Resource:
    """Return the team that these owners are, and no others."""
    organization = access.organization
    path = f"{API}/teams/{team_id(organization)}"
    attributes: dict[str, Any] = {
        "name": OWNERS,
        "users-count": len(owners),
        "visibility": "organization",
        "sso-team-id": None,
        "allow-member-token-management": True,
        "is-unified": False,
        "permissions": {
            "can-destroy": False,
            "can-update-membership": access.may(Right.OWNERS),
            "can-update-api-token": access.may(Right.TOKENS),
            "can-view-api-token": access.may(Right.TOKENS),
            "can-update-organization-access": False,
            "can-update-visibility": False,
            "can-update-name": False,
            "can-update-sso-team-id": False,
            "can-update-member-token-management": False,
        },
        "organization-access": dict.fromkeys(EVERYTHING, True),
    }
    people = [public_id("user", row.user_id) for row in owners if row.user_id]
    relationships = {
        "organization": to_one("organizations", organization.name),
        "authentication-token": {"links": {"related": f"{path}/authentication-token"}},
        "users": to_many("users", people),
        "organization-memberships": to_many("organization-memberships", map(membership_id, owners)),
    }
    return resource(
        "teams", team_id(organization), attributes, relationships=relationships, links={"self": path}
    )


EVERYTHING = (
    "manage-policies",
    "manage-policy-overrides",
    "delegate-policy-overrides",
    "manage-workspaces",
    "manage-vcs-settings",
    "manage-providers",
    "manage-modules",
    "manage-run-tasks",
    "manage-projects",
    "manage-membership",
    "manage-teams",
    "manage-organization-access",
    "manage-agent-pools",
    "read-workspaces",
    "read-projects",
    "access-secret-teams",
)
