"""VERBS: the tokens of an organization, which belong to nobody (D2)."""

from accounts import bearers
from accounts.models import BearerToken, unexpired
from organizations.models import OrganizationToken


def register() -> None:
    """Have accounts find these tokens, too. For AppConfig.ready."""
    bearers.finder(find)


def find(token_hash: str) -> BearerToken | None:
    tokens = OrganizationToken.objects.select_related("organization__counts")
    return tokens.filter(unexpired(), token_hash=token_hash).first()
