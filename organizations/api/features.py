"""Build the resources that stand for what every organization of Terraform Cloud has, and there is not here.

Clients follow them without asking whether they are there.
"""

from accounts.api.resources import moment
from accounts.jsonapi.documents import API, Resource, resource, to_one
from accounts.models.public_ids import public_id
from organizations.models import Organization


def external_id(organization: Organization) -> str:
    return public_id("org", organization.pk)


def entitlement_set_resource(organization: Organization) -> Resource:
    """Return the entitlement set: all features of Terraform Cloud are false, as none is built here."""
    path = f"{API}/organizations/{organization.name}/entitlement-set"
    attributes = dict.fromkeys(FEATURES, False) | {"user-limit": None, "self-serve-billing": False}
    return resource("entitlement-sets", external_id(organization), attributes, links={"self": path})


def project_id(organization: Organization) -> str:
    return public_id("prj", organization.pk)


def project_resource(organization: Organization) -> Resource:
    """Return the project that every organization begins with. There is nothing in it."""
    relationships = {"organization": to_one("organizations", organization.name)}
    attributes = {"name": "Default Project"}
    return resource("projects", project_id(organization), attributes, relationships=relationships)


def subscription_id(organization: Organization) -> str:
    return public_id("sub", organization.pk)


def subscription_resource(organization: Organization) -> Resource:
    """Return the subscription. It costs nothing, and does not end."""
    attributes = {
        "is-active": True,
        "start-at": moment(organization.created_at),
        "end-at": None,
        "is-public-free-tier": True,
        "is-self-serve-trial": False,
    }
    relationships = {"organization": to_one("organizations", organization.name)}
    return resource("subscriptions", subscription_id(organization), attributes, relationships=relationships)


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
