"""The attributes of Terraform Cloud's organizations without a feature here.

One table for what documents show and for what requests may say: the present value, and no other one.
"""

from typing import Any

SHOWN: dict[str, Any] = {
    "aggregated-commit-status-enabled": True,
    "allow-force-delete-workspaces": False,
    "assessments-enforced": False,
    "cost-estimation-enabled": False,
    "default-execution-mode": "remote",
    "enforce-hyok": False,
    "fair-run-queuing-enabled": False,
    "is-unified": False,
    "max-ttl-enabled": False,
    "owners-team-saml-role-id": None,
    "plan-expired": False,
    "plan-expires-at": None,
    "plan-identifier": "free_standard",
    "plan-is-enterprise": False,
    "plan-is-trial": False,
    "remaining-testable-count": 0,
    "saml-enabled": False,
    "send-passing-statuses-for-untriggered-speculative-plans": False,
    "speculative-plan-management-enabled": True,
    "stacks-enabled": False,
}

# Sent by clients as attributes; documents have relationships, or nothing, in their place.
SENT_ONLY: dict[str, Any] = dict.fromkeys(
    (
        "data-retention-policy",
        "data-retention-policy-choice",
        "default-agent-pool",
        "default-agent-pool-id",
        "default-project",
        "trial-expires-at",
    )
)

# Only the server can say these of a new organization.
MADE_HERE: dict[str, Any] = {
    "created-at": None,
    "external-id": None,
    "permissions": None,
    "two-factor-conformant": None,
}

# Terraform's own tests create each organization with these; Terraform Cloud accepts them and keeps false
# where the plan lacks the feature.
ANY_FLAG_AT_CREATION = frozenset({"cost-estimation-enabled", "stacks-enabled"})
