"""What operations of the API need, found in the URLconf or said here."""

from tests.api.described import all_attributes
from tests.api.routes import OPERATIONS
from tests.support import people

TAKING = [operation for operation in OPERATIONS if operation.method not in ("GET", "HEAD")]
READING = [operation for operation in OPERATIONS if operation.method == "GET"]
WITH_ARGUMENTS = [operation for operation in OPERATIONS if operation.arguments]

# Those that need no body, since clients send {} or nothing, and a type of their own. What is there is read.
NEEDING_NO_BODY = {
    "DELETE /authentication-tokens/<public_id>",
    "DELETE /organization-memberships/<membership_id>",
    "DELETE /organizations/<organization_name>",
    "DELETE /organizations/<organization_name>/authentication-token",
    "DELETE /teams/<team_id>/authentication-token",
    "POST /admin/users/<user_id>/actions/disable_two_factor",
    "POST /organizations/<organization_name>/authentication-token",
    "POST /teams/<team_id>/authentication-token",
}

# A document they need, but nothing in it.
NEEDING_NO_ATTRIBUTES = {*NEEDING_NO_BODY, "POST /users/<user_id>/authentication-tokens"}

# Terraform Cloud answers everybody else with an empty list.
EMPTY_FOR_OTHERS = {"GET /users/<user_id>/authentication-tokens"}

# The least that each takes; for others nothing is needed.
ENOUGH = {
    "PATCH /account/password": {
        "attributes": {
            "current_password": people.PASSWORD,
            "password": "another long password 43",
            "password_confirmation": "another long password 43",
        }
    },
    "POST /organizations": {"attributes": {"name": "brand-new", "email": "new@example.com"}},
    "POST /organizations/<organization_name>/organization-memberships": {
        "attributes": {"email": "new@example.com"}
    },
}

# What is right for the attributes that operations need, so that the spoilt one decides.
RIGHT = {
    "name": "brand-new",
    "email": "new@example.com",
    "description": "x",
    "current_password": people.PASSWORD,
    "password": "another long password 43",
    "password_confirmation": "another long password 43",
}
ATTRIBUTES = all_attributes()
FLAGS = {"cost-estimation-enabled", "stacks-enabled", "user-tokens-enabled"}
TAKING_NULL = {"expired-at", "session-timeout", "session-remember"}
TAKING_NULL |= {"two-factor-required-from", "two-factor-required-from-methods"}


def ids(operations):
    return [str(operation) for operation in operations]
