"""Documents about organizations, and what is stored of them."""

from organizations.models import Organization
from tests.api.clients import document

OPEN, FORT = "/organizations/open", "/organizations/fort"
POLICY = "/data/attributes/collaborator-auth-policy"


def organization(**sent):
    return document("organizations", **sent)


def stored(name="open"):
    return Organization.objects.values(
        "name", "email", "collaborator_auth_policy", "session_timeout", "session_remember"
    ).get(name=name)
