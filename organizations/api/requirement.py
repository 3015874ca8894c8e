"""What an organization requires, in attributes beyond Terraform Cloud's, and the rehearsal of a change."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.api.resources import moment
from accounts.jsonapi.documents import Resource, resource
from accounts.jsonapi.errors import invalid_parameter
from accounts.jsonapi.requests import Document
from accounts.models import Level
from organizations.lifecycle import Changes
from organizations.listed import Listed
from organizations.models import AuthPolicy, Organization
from organizations.policy.rehearsal import rehearse
from organizations.policy.reminders import demanded_level
from organizations.policy.schedule import full_hour

POLICY = "collaborator-auth-policy"
METHODS = "two-factor-methods"
FROM, FROM_METHODS = "two-factor-required-from", "two-factor-required-from-methods"
CHANGEABLE = (POLICY, METHODS, FROM, FROM_METHODS)
# Which methods count. A stronger kind gets a name of its own.
NAMES = {Level.TEXTS: "any", Level.APP: "application"}
LEVELS = {name: level for level, name in NAMES.items()}
DRY_RUN = "dry-run"


def requirement_shown(organization: Organization) -> dict[str, Any]:
    """Return the attributes of what is required: now, and from a date on. A date that has come counts."""
    level = organization.required_level
    coming = organization.coming_level
    return {
        POLICY: AuthPolicy.TWO_FACTOR_MANDATORY if level else AuthPolicy.PASSWORD,
        METHODS: NAMES[level or Level(organization.accepted_level)],
        FROM: moment(organization.required_from) if coming else None,
        FROM_METHODS: NAMES[coming] if coming else None,
    }


def read_requirement(sent: Document, organization: Organization | None = None) -> Changes:
    """Return the sent attributes of what is required. Errors are recorded in `sent`."""
    changes = Changes()
    if sent.has(POLICY):
        policy = sent.choice(POLICY, AuthPolicy.values)
        changes["collaborator_auth_policy"] = AuthPolicy(policy or AuthPolicy.PASSWORD)
    if sent.has(METHODS):
        changes["accepted_level"] = LEVELS.get(sent.choice(METHODS, LEVELS), Level.TEXTS)
    if sent.has(FROM):
        changes["required_from"] = time_sent(sent, organization.required_from if organization else None)
    if sent.has(FROM_METHODS) and sent.attributes[FROM_METHODS] is not None:
        name = sent.choice(FROM_METHODS, LEVELS)
        changes["scheduled_level"] = LEVELS.get(name, Level.TEXTS)
        at = changes.get("required_from", organization.required_from if organization else None)
        if name and at is None:
            sent.fail(FROM_METHODS, _("This needs a date: send “%(name)s”, too.") % {"name": FROM})
    return changes


def time_sent(sent: Document, present: datetime | None) -> datetime | None:
    """Return the full hour that is sent. The present time, sent back, is no other one in any zone."""
    at = sent.moment(FROM)
    try:
        return at if at is None or at == present else full_hour(at)
    except OverflowError:  # in the year 9999
        sent.fail(FROM, _("This is too far ahead."))
        return None


def is_dry_run(request: HttpRequest) -> bool:
    """Return whether the request only asks what a change would do. Raises ApiError for another value."""
    value = request.GET.get(DRY_RUN, "false")
    if value not in ("true", "false"):
        raise invalid_parameter(DRY_RUN, _("This must be true or false."))
    return value == "true"


def rehearsal_resource(organization: Organization, changes: Changes) -> Resource:
    """Return what requiring the highest of these levels and the present one would do, as on the page."""
    level = max(
        changes.get("scheduled_level", 0) or 0,
        changes.get("accepted_level", 0) or 0,
        demanded_level(organization),
    )
    found = rehearse(organization, level)
    attributes: dict[str, Any] = {
        METHODS: NAMES[Level(level)],
        "missing-owners": listed(found.missing_owners),
        "members": found.members,
        "locked-out-members": {"total": found.without, "first": found.named},
        "text-messages-only": found.texts_only,
        "open-invitations": found.invitations,
        "personal-tokens-stopping": found.stopping,
        "tokens-going-on": [token.public_id for token in found.going_on],
    }
    return resource("two-factor-rehearsals", organization.name, attributes)


def listed(names: Listed) -> dict[str, Any]:
    return {"total": names.number, "first": list(names.first)}
