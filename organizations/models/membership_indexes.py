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
    # Searches by a beginning (accounts/database/beginnings.py). All that a list sorts and filters by stands
    # in them, so that a search reads no row but those that it shows.
    models.Index(
        fields=["organization", "username_key", "id", "joined_at", "level"],
        opclasses=["int8_ops", "varchar_pattern_ops", "int8_ops", "timestamptz_ops", "int4_ops"],
        name="members_begin_by_name",
        condition=Q(status="active"),
    ),
    models.Index(
        fields=["organization", "address_key", "id", "username_key", "joined_at", "level"],
        opclasses=[
            "int8_ops",
            "varchar_pattern_ops",
            "int8_ops",
            "varchar_ops",
            "timestamptz_ops",
            "int4_ops",
        ],
        name="members_begin_by_address",
        condition=Q(status="active"),
    ),
    models.Index(
        fields=["organization", "username_key", "id"],
        opclasses=["int8_ops", "varchar_pattern_ops", "int8_ops"],
        name="invitations_begin_by_name",
        condition=Q(status="invited"),
    ),
    models.Index(
        fields=["organization", "email", "id", "username_key"],
        opclasses=["int8_ops", "varchar_pattern_ops", "int8_ops", "varchar_ops"],
        name="invitations_begin_by_address",
        condition=Q(status="invited"),
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
    # Those whose only method is text messages, and those for whom it is not enough.
    models.Index(
        fields=["organization", "username_key", "id"],
        name="members_with_texts",
        condition=Q(status="active", level=1),
    ),
    models.Index(
        fields=["organization", "joined_at", "id"],
        name="members_with_texts_by_joining",
        condition=Q(status="active", level=1),
    ),
    models.Index(
        fields=["organization", "username_key", "id"],
        name="members_below_app",
        condition=Q(status="active", level__lt=2),
    ),
    models.Index(
        fields=["organization", "username_key"],
        name="owners_below_app",
        condition=Q(is_owner=True, level__lt=2, status="active"),
    ),
    models.Index(
        fields=["id"],
        name="members_of_unknown_level",
        condition=Q(status="active", two_factor_level__isnull=True),
    ),
    # In order of name: the first of them are named.
    models.Index(
        fields=["organization", "username_key"],
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
    # A person's own lists: what they are in, and invited to by name or by address.
    models.Index(
        fields=["user", "status", "organization_key", "id", "organization"],
        name="memberships_of_person",
    ),
    models.Index(
        fields=["email", "organization_key", "id"],
        name="invitations_of_address",
        condition=Q(user__isnull=True),
    ),
    models.Index(
        fields=["email"],
        opclasses=["varchar_pattern_ops"],
        name="invitations_by_email",
        condition=Q(user__isnull=True),
    ),
    models.Index(fields=["expires_at"], name="invitations_by_end", condition=Q(status="invited")),
    # Who leaves may leave a few behind among very many.
    models.Index(
        fields=["invited_by_id", "id"],
        name="invitations_of_inviter",
        condition=Q(status="invited", invited_by_id__isnull=False),
    ),
    # The lists of the admin site, newest first, whose choices few may match.
    models.Index(fields=["id"], name="members_with", condition=Q(two_factor_enabled=True)),
    models.Index(fields=["id"], name="members_without", condition=Q(two_factor_enabled=False)),
    models.Index(
        fields=["id"], name="active_without", condition=Q(status="active", two_factor_enabled=False)
    ),
]
