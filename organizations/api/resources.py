"""Build the resources of organizations, memberships and teams as Terraform Cloud's API does."""

from collections.abc import Sequence
from typing import Any

from accounts.api.resources import moment, user_resource
from accounts.jsonapi.documents import API, Resource, resource, to_many, to_one
from accounts.models.public_ids import public_id
from organizations.api.gate import Access
from organizations.api.switches import SHOWN
from organizations.models import Membership, Organization, Right

OWNERS = "owners"  # the name of the one team


def external_id(organization: Organization) -> str:
    return public_id("org", organization.pk)


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
        "collaborator-auth-policy": organization.collaborator_auth_policy,
        # With a single owner it reveals whether they have two-factor (OR-13), so only owners see it.
        "two-factor-conformant": access.is_conformant if access.may(Right.SETTINGS) else None,
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
        "default-agent-pool": {"data": None},
        "default-project": {"data": None},
        "subscription": {"data": None},
    }
    return resource("organizations", name, attributes, relationships=relationships, links={"self": path})


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
        "can-create-team": False,
    }


def entitlement_set_resource(organization: Organization) -> Resource:
    """Return the entitlement set: all features of Terraform Cloud are false, as none is built here."""
    path = f"{API}/organizations/{organization.name}/entitlement-set"
    attributes = dict.fromkeys(FEATURES, False) | {"user-limit": None, "self-serve-billing": False}
    return resource("entitlement-sets", external_id(organization), attributes, links={"self": path})


FEATURES = (
    "agents",
    "assessments",
    "audit-logging",
    "change-requests",
    "configuration-designer",
    "cost-estimation",
    "ephemeral-workspaces",
    "global-run-tasks",
    "hyok",
    "no-code-modules",
    "operations",
    "private-module-registry",
    "private-policy-agents",
    "private-run-tasks",
    "private-vcs",
    "run-tasks",
    "sentinel",
    "sso",
    "stacks",
    "state-storage",
    "teams",
    "terraform-actions",
    "usage-reporting",
    "vcs-integrations",
    "waypoint-actions",
    "waypoint-templates-and-addons",
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
    user = public_id("user", membership.user_id) if membership.user_id else None
    relationships = {
        "teams": to_many("teams", teams),
        "user": to_one("users", user),
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


def users_of(memberships: Sequence[Membership], *, private: bool = False) -> list[Resource]:
    """Return the users of memberships. Do not reveal private data of people who have not accepted yet."""
    return [
        user_resource(row.user, private=private and not row.is_invited)
        for row in memberships
        if row.user is not None
    ]


# --- The team of the owners (D23) ---


def team_resource(access: Access, count: int, owners: Sequence[Membership] | None = None) -> Resource:
    """Return the owners' team with `count` members, and with relationships to `owners` if given."""
    organization = access.organization
    path = f"{API}/teams/{team_id(organization)}"
    attributes: dict[str, Any] = {
        "name": OWNERS,
        "users-count": count,
        "visibility": "organization",
        "sso-team-id": None,
        "allow-member-token-management": True,
        "is-unified": False,
        "permissions": {
            "can-destroy": False,
            "can-update-membership": access.may(Right.OWNERS),
            "can-update-api-token": access.may(Right.TOKENS),
            "can-update-organization-access": False,
            "can-update-visibility": False,
            "can-update-name": False,
            "can-update-sso-team-id": False,
            "can-update-member-token-management": False,
        },
        "organization-access": dict.fromkeys(EVERYTHING, True),
    }
    relationships: dict[str, Any] = {
        "organization": to_one("organizations", organization.name),
        "authentication-token": {"links": {"related": f"{path}/authentication-token"}},
    }
    if owners is not None:
        people = [public_id("user", row.user_id) for row in owners if row.user_id]
        relationships["users"] = to_many("users", people)
        relationships["organization-memberships"] = to_many(
            "organization-memberships", map(membership_id, owners)
        )
    return resource(
        "teams", team_id(organization), attributes, relationships=relationships, links={"self": path}
    )


EVERYTHING = (
    "manage-policies",
    "manage-policy-overrides",
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
