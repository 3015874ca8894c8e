"""The indexes of the table of members and invitations."""

from django.db import models
from django.db.models import Q

INDEXES: list[models.Index] = [
    models.Index(
        fields=["organization", "username_key", "id"],
        name="members_by_name",
        condition=Q(status="active"),
    ),
    models.Index(
        fields=["organization", "username_key", "id"],
        name="members_without_two_factor",
        condition=Q(status="active", two_factor_enabled=False),
    ),
    # Prefix search; PostgreSQL needs this operator class for it in locales other than C.
    models.Index(
        fields=["organization", "username_key"],
        opclasses=["int8_ops", "varchar_pattern_ops"],
        name="members_by_prefix",
        condition=Q(status="active"),
    ),
    models.Index(
        fields=["organization", "address_key"],
        opclasses=["int8_ops", "varchar_pattern_ops"],
        name="members_by_address",
        condition=Q(status="active"),
    ),
    models.Index(
        fields=["organization", "joined_at", "id"],
        name="members_by_joining",
        condition=Q(status="active"),
    ),
    models.Index(
        fields=["organization", "joined_at", "id"],
        name="members_without_by_joining",
        condition=Q(status="active", two_factor_enabled=False),
    ),
    models.Index(
        fields=["organization", "email"],
        opclasses=["int8_ops", "varchar_pattern_ops"],
        name="invitations_by_address",
        condition=Q(status="invited"),
    ),
    models.Index(
        fields=["organization"],
        name="owners_without_two_factor",
        condition=Q(is_owner=True, two_factor_enabled=False, status="active"),
    ),
    models.Index(
        fields=["organization"],
        name="owners_of_organization",
        condition=Q(is_owner=True),
    ),
    models.Index(
        fields=["organization", "username_key", "id"],
        name="invitations_by_name",
        condition=Q(status="invited"),
    ),
    models.Index(
        fields=["email"],
        opclasses=["varchar_pattern_ops"],
        name="invitations_by_email",
        condition=Q(user__isnull=True),
    ),
    models.Index(fields=["expires_at"], name="invitations_by_end", condition=Q(status="invited")),
    # The lists of the admin site, newest first, whose choices few may match.
    models.Index(fields=["id"], name="members_with", condition=Q(two_factor_enabled=True)),
    models.Index(fields=["id"], name="members_without", condition=Q(two_factor_enabled=False)),
    models.Index(
        fields=["id"], name="active_without", condition=Q(status="active", two_factor_enabled=False)
    ),
]
