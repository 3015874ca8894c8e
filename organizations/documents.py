"""Organizations, memberships and teams as the API shows them (tfc.md 2.3)."""

from typing import Any

from accounts.documents import moment
from accounts.ids import public_id
from accounts.jsonapi import Resource, resource, to_one
from organizations.api_gate import Access
from organizations.models import Organization, Right


def external_id(organization: Organization) -> str:
    return public_id("org", organization.pk)


def organization_resource(access: Access) -> Resource:
    """Return an organization as the caller may see it."""
    organization = access.organization
    name = organization.name
    path = f"/api/v2/organizations/{name}"
    attributes: dict[str, Any] = {
        "name": name,
        "email": organization.email,
        "external-id": external_id(organization),
        "created-at": moment(organization.created_at),
        "collaborator-auth-policy": organization.collaborator_auth_policy,
        "two-factor-conformant": access.is_conformant,
        "session-timeout": organization.session_timeout,
        "session-remember": organization.session_remember,
        "permissions": permissions(access),
        **PASSED_THROUGH,
    }
    relationships = {
        "authentication-token": {"links": {"related": f"{path}/authentication-token"}},
        "entitlement-set": to_one("entitlement-sets", external_id(organization))
        | {"links": {"related": f"{path}/entitlement-set"}},
    }
    return resource("organizations", name, attributes, relationships=relationships, links={"self": path})


def permissions(access: Access) -> dict[str, bool]:
    return {
        "can-update": access.may(Right.SETTINGS),
        "can-destroy": access.may(Right.SETTINGS),
        "can-traverse": True,
        "can-view-users": access.may(Right.MEMBERS),
        "can-manage-users": access.may(Right.MEMBERS),
        "can-view-authentication": access.membership is not None,
        "can-update-authentication-token": access.may(Right.TOKENS),
        "can-update-api-token": access.may(Right.TOKENS),
        "can-access-via-teams": True,
        "can-create-team": False,
    }


# What a Terraform Cloud has and this is no part of, with its documented defaults.
PASSED_THROUGH: dict[str, Any] = {
    "plan-expired": False,
    "plan-expires-at": None,
    "plan-is-trial": False,
    "plan-is-enterprise": False,
    "plan-identifier": "free_standard",
    "cost-estimation-enabled": False,
    "default-execution-mode": "remote",
    "send-passing-statuses-for-untriggered-speculative-plans": False,
    "aggregated-commit-status-enabled": True,
    "speculative-plan-management-enabled": True,
    "allow-force-delete-workspaces": False,
    "assessments-enforced": False,
    "fair-run-queuing-enabled": False,
    "saml-enabled": False,
    "owners-team-saml-role-id": None,
    "user-tokens-enabled": True,
    "max-ttl-enabled": False,
}
