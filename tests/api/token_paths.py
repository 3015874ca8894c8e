"""Where tokens are made and listed."""

from accounts.models.public_ids import public_id
from tests.api.clients import ApiClient
from tests.api.programs import team

DETAILS = "/account/details"
ORGANIZATION = "/organizations/acme/authentication-token"


def tokens_path(user):
    return f"/users/{public_id('user', user.pk)}/authentication-tokens"


def team_path(name="acme"):
    return f"/teams/{team(name)}/authentication-token"


def data_of(response):
    return response.json()["data"]


def status_with(secret, path=DETAILS):
    return ApiClient(secret).get(path).status_code
