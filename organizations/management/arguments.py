"""Find what the arguments of commands name."""

from django.core.management.base import CommandError

from organizations.models import Organization


def organization_named(name: str) -> Organization:
    """Return the organization with this name, in any case. Raises CommandError."""
    found: Organization | None = Organization.objects.named(name).first()
    if found is None:
        raise CommandError(f"There is no organization {name!r}.")
    return found
