"""What every member of our documents is in Terraform Cloud, whose clients follow it without a look.

A table for each type of resource: member, what it is, and whether it can be null. Sources are HashiCorp's
documents, its OpenAPI description, and what its own SDKs and provider read without asking for null.
"""

import re
from dataclasses import dataclass

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@dataclass(frozen=True)
class Is:
    """What a member is. `null` lets it be null, `kept_from` says who may find it missing, and why."""

    kind: object
    null: bool = False
    kept_from: str = ""

    def complaint(self, value):
        if value is None:
            return "" if self.null else "is null"
        return "" if self.kind(value) else f"is {value!r}"


def text(value):
    return isinstance(value, str) and value != ""


def any_text(value):
    return isinstance(value, str)


def flag(value):
    return isinstance(value, bool)


def number(value):
    return isinstance(value, int) and not isinstance(value, bool)


def moment(value):
    return isinstance(value, str) and MOMENT.fullmatch(value) is not None


def address(value):
    return isinstance(value, str) and re.fullmatch(r"[^@\s]+@[^@\s]+", value) is not None


def link(value):
    return isinstance(value, str) and value.startswith(("http://", "https://"))


def flags(*names):
    """An object of truths, these among them."""
    return lambda value: set(names) <= set(value) and all(map(flag, value.values()))


def one_of(*values):
    return lambda value: value in values


def is_id(pattern):
    return lambda value: re.fullmatch(pattern, value) is not None


FROM_OTHERS = "people who do not manage members see names only (AP-14)"
SELF_ONLY = "only one's own account has it"
ADMINS_ONLY = "only site administrators see it"

TWO_FACTOR = flags("enabled", "verified")
USER_PERMISSIONS = flags(
    "can-change-email",
    "can-change-password",
    "can-change-username",
    "can-create-organizations",
    "can-manage-hcp-account",
    "can-manage-sessions",
    "can-manage-user-tokens",
    "can-view2fa-settings",
)
ORGANIZATION_PERMISSIONS = flags(
    "can-access-via-teams",
    "can-create-team",
    "can-create-workspace",
    "can-create-workspace-migration",
    "can-destroy",
    "can-manage-auditing",
    "can-manage-users",
    "can-traverse",
    "can-update",
    "can-update-api-token",
    "can-update-authentication-token",
    "can-update-oauth",
    "can-update-sentinel",
    "can-view-authentication",
    "can-view-users",
)
TEAM_PERMISSIONS = flags(
    "can-update-membership",
    "can-destroy",
    "can-update-organization-access",
    "can-update-api-token",
    "can-update-visibility",
    "can-update-name",
    "can-update-sso-team-id",
    "can-update-member-token-management",
    "can-view-api-token",
)
ORGANIZATION_ACCESS = flags(
    "manage-policies",
    "manage-policy-overrides",
    "delegate-policy-overrides",
    "manage-workspaces",
    "manage-vcs-settings",
    "manage-providers",
    "manage-modules",
    "manage-run-tasks",
    "manage-projects",
    "read-workspaces",
    "read-projects",
    "manage-membership",
    "manage-teams",
    "manage-organization-access",
    "access-secret-teams",
    "manage-agent-pools",
)

ATTRIBUTES = {
    "users": {
        "username": Is(text, null=True),  # of an open invitation
        "is-service-account": Is(flag),
        "auth-method": Is(one_of("tfc")),
        "avatar-url": Is(link),
        "v2-only": Is(flag),
        "permissions": Is(USER_PERMISSIONS),
        "email": Is(address, kept_from=FROM_OTHERS),
        "two-factor": Is(TWO_FACTOR, kept_from=FROM_OTHERS),
        "unconfirmed-email": Is(address, null=True, kept_from=SELF_ONLY),
        "is-confirmed": Is(flag, kept_from=SELF_ONLY),
        "is-site-admin": Is(flag, kept_from=SELF_ONLY),
        "is-admin": Is(flag, kept_from=SELF_ONLY),
        "is-sudo": Is(flag, kept_from=SELF_ONLY),
        "is-sso-login": Is(flag, kept_from=SELF_ONLY),
        "is-unified": Is(flag, kept_from=SELF_ONLY),
        "has-git-hub-app-token": Is(flag, kept_from=SELF_ONLY),
        "has-linked-hcp": Is(flag, kept_from=SELF_ONLY),
        "is-suspended": Is(flag, kept_from=ADMINS_ONLY),
        "two-factor-enabled": Is(flag, kept_from=ADMINS_ONLY),
        "two-factor-verified": Is(flag, kept_from=ADMINS_ONLY),
    },
    "authentication-tokens": {
        "created-at": Is(moment),
        "last-used-at": Is(moment, null=True),
        "description": Is(any_text),
        "token": Is(text, null=True),
        "expired-at": Is(moment, null=True),  # of tokens that a page has made to last
    },
    "organizations": {
        "name": Is(text),
        "email": Is(address),
        "external-id": Is(is_id(r"org-\d{16}")),
        "created-at": Is(moment),
        "collaborator-auth-policy": Is(one_of("password", "two_factor_mandatory")),
        "two-factor-conformant": Is(flag),
        "two-factor-methods": Is(one_of("any", "application")),
        "two-factor-required-from": Is(moment, null=True),
        "two-factor-required-from-methods": Is(one_of("any", "application"), null=True),
        "session-timeout": Is(number, null=True),
        "session-remember": Is(number, null=True),
        "permissions": Is(ORGANIZATION_PERMISSIONS),
        "plan-expired": Is(flag),
        "plan-expires-at": Is(moment, null=True),
        "plan-is-trial": Is(flag),
        "plan-is-enterprise": Is(flag),
        "plan-identifier": Is(text),
        "cost-estimation-enabled": Is(flag),
        "default-execution-mode": Is(one_of("remote")),
        "send-passing-statuses-for-untriggered-speculative-plans": Is(flag),
        "aggregated-commit-status-enabled": Is(flag),
        "speculative-plan-management-enabled": Is(flag),
        "allow-force-delete-workspaces": Is(flag),
        "assessments-enforced": Is(flag),
        "fair-run-queuing-enabled": Is(flag),
        "stacks-enabled": Is(flag),
        "remaining-testable-count": Is(number),
        "enforce-hyok": Is(flag),
        "is-unified": Is(flag),
        "saml-enabled": Is(flag),
        "owners-team-saml-role-id": Is(text, null=True),
        "user-tokens-enabled": Is(flag),
        "max-ttl-enabled": Is(flag),
    },
    "entitlement-sets": None,  # flags of features, and a number of users that has no limit
    "projects": {"name": Is(text)},
    "subscriptions": {
        "is-active": Is(flag),
        "start-at": Is(moment),
        "end-at": Is(moment, null=True),
        "is-public-free-tier": Is(flag),
        "is-self-serve-trial": Is(flag),
    },
    "organization-memberships": {
        "status": Is(one_of("active", "invited")),
        "username": Is(text, null=True),  # ours; null as in the user
        "email": Is(address, kept_from=FROM_OTHERS),
        "created-at": Is(moment),
        "is-org-two-factor-required": Is(flag, null=True),
    },
    "teams": {
        "name": Is(text),
        "users-count": Is(number),
        "visibility": Is(one_of("secret", "organization")),
        "sso-team-id": Is(text, null=True),
        "allow-member-token-management": Is(flag),
        "is-unified": Is(flag),
        "permissions": Is(TEAM_PERMISSIONS),
        "organization-access": Is(ORGANIZATION_ACCESS),
    },
}

IDS = {
    "users": r"user-(\d{16}|i\d{15}|api-[\w-]+)",
    "authentication-tokens": r"at-\d{16}",
    "organizations": r"[\w-]+",
    "entitlement-sets": r"org-\d{16}",
    "projects": r"prj-\d{16}",
    "subscriptions": r"sub-\d{16}",
    "organization-memberships": r"ou-\d{16}",
    "teams": r"team-\d{16}",
}

# What each links to: types of one, a list of one type, an address, or null where Terraform Cloud has null.
ONE, MANY, RELATED, NULL = "one", "many", "related", "null"
RELATIONSHIPS = {
    "users": {"authentication-tokens": (RELATED,)},
    "authentication-tokens": {"created-by": (ONE, "users", "teams", "organizations")},
    "organizations": {
        "authentication-token": (RELATED,),
        "entitlement-set": (ONE, "entitlement-sets"),
        "default-agent-pool": (NULL,),
        "default-project": (ONE, "projects"),
        "subscription": (ONE, "subscriptions"),
    },
    "entitlement-sets": {},
    "projects": {"organization": (ONE, "organizations")},
    "subscriptions": {"organization": (ONE, "organizations")},
    "organization-memberships": {
        "user": (ONE, "users"),
        "organization": (ONE, "organizations"),
        "teams": (MANY, "teams"),
    },
    "teams": {
        "organization": (ONE, "organizations"),
        "authentication-token": (RELATED,),
        "users": (MANY, "users"),
        "organization-memberships": (MANY, "organization-memberships"),
    },
}


def complaints_about(resource):
    """Yield what Terraform Cloud's clients would stumble over in a resource."""
    kind = resource["type"]
    where = f"{kind} {resource['id']}"
    if not re.fullmatch(IDS[kind], resource["id"]):
        yield f"{where}: the id"
    facts = ATTRIBUTES[kind]
    shown = resource["attributes"]
    if facts is None:
        facts = {
            name: Is(lambda value: flag(value) or number(value), null=name == "user-limit") for name in shown
        }
    for name, fact in facts.items():
        if name not in shown:
            if not fact.kept_from:
                yield f"{where}: {name} is missing"
        elif complaint := fact.complaint(shown[name]):
            yield f"{where}: {name} {complaint}"
    for name in shown.keys() - facts.keys():
        yield f"{where}: {name} is in no table"
    yield from complaints_about_relationships(resource, where)


def complaints_about_relationships(resource, where):
    related = resource.get("relationships", {})
    for name, (form, *kinds) in RELATIONSHIPS[resource["type"]].items():
        if resource["type"] == "users" and not re.fullmatch(r"user-\d{16}", resource["id"]):
            continue  # a placeholder or a service account has nothing of its own
        if name not in related:
            yield f"{where}: the relationship {name} is missing"
            continue
        one = related[name]
        if form == RELATED:
            wrong = not one["links"]["related"].startswith("/api/v2/")
        elif form == NULL:
            wrong = one != {"data": None}
        else:
            data = one["data"] if form == MANY else [one["data"]]
            wrong = data is None or not all(refers_to(reference, kinds) for reference in data)
        if wrong:
            yield f"{where}: the relationship {name} is {one}"
    for name, one in related.items():
        if "data" in one and one["data"] is None and name not in ("default-agent-pool",):
            yield f"{where}: the relationship {name} is null"


def refers_to(reference, kinds):
    if not isinstance(reference, dict) or reference.keys() != {"id", "type"}:
        return False
    return reference["type"] in kinds and re.fullmatch(IDS[reference["type"]], reference["id"]) is not None


def resources_of(document):
    """The resources of a document: (its own, those that it includes)"""
    data = document.get("data") or []
    return (data if isinstance(data, list) else [data]), document.get("included", [])


def unlinked(document):
    """The included resources that nothing in the document leads to, which JSON:API forbids."""
    own, included = resources_of(document)
    named = set()
    for resource in [*own, *included]:
        for one in resource.get("relationships", {}).values():
            data = one.get("data") or []
            named |= {(to["type"], to["id"]) for to in (data if isinstance(data, list) else [data])}
    return [one["id"] for one in included if (one["type"], one["id"]) not in named]
