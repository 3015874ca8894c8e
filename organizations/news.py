"""How often the owners of an organization get news of it: whoever may change it must not flood them.

Among a thousand mails, nobody finds the one that matters.
"""

from accounts import limits
from accounts.limits import Budget
from organizations.models import Organization

NEWS = Budget("organization:news", (60, 3600), (240, 86_400))


def reserve(organization: Organization) -> None:
    """Count a change that all owners are told of; before its transaction. Raises RateLimited."""
    limits.reserve((NEWS, str(organization.pk)))
