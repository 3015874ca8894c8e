"""Index what searches and people's own lists read, so that they cost the same at any size.

While they are built, what writes memberships waits: joining, leaving, inviting, two-factor on and off.
"""

from django.db import migrations, models
from django.db.models import Q



def index(name, condition, **columns):
    """Return the index of memberships over these columns, each with its operator class."""
    return migrations.AddIndex(
        "membership",
        models.Index(
            fields=list(columns), opclasses=list(columns.values()), name=name, condition=Q(**condition)
        ),
    )


BEGINS, ID = "varchar_pattern_ops", "int8_ops"
SHOWN = {"joined_at": "timestamptz_ops", "two_factor_enabled": "bool_ops"}
ACTIVE, INVITED = {"status": "active"}, {"status": "invited"}


class Migration(migrations.Migration):
    dependencies = [("organizations", "0015_organization_keys_filled")]

    operations = [
        index(
            "members_begin_by_name", ACTIVE, organization="int8_ops", username_key=BEGINS, id=ID, **SHOWN
        ),
        index(
            "members_begin_by_address",
            ACTIVE,
            organization="int8_ops",
            address_key=BEGINS,
            id=ID,
            username_key="varchar_ops",
            **SHOWN,
        ),
        index("invitations_begin_by_name", INVITED, organization="int8_ops", username_key=BEGINS, id=ID),
        index(
            "invitations_begin_by_address",
            INVITED,
            organization="int8_ops",
            email=BEGINS,
            id=ID,
            username_key="varchar_ops",
        ),
        migrations.AddIndex(
            "membership",
            models.Index(
                fields=["user", "status", "organization_key", "id", "organization"],
                name="memberships_of_person",
            ),
        ),
        migrations.AddIndex(
            "membership",
            models.Index(
                fields=["email", "organization_key", "id"],
                name="invitations_of_address",
                condition=Q(user__isnull=True),
            ),
        ),
        migrations.AddIndex(
            "organization",
            models.Index(
                fields=["id", "session_timeout", "former_timeout"],
                name="organizations_with_timeout",
                condition=Q(session_timeout__isnull=False) | Q(former_timeout__isnull=False),
            ),
        ),
        migrations.AddIndex(
            "organization",
            models.Index(
                fields=["id", "session_remember", "former_remember"],
                name="organizations_with_remember",
                condition=Q(session_remember__isnull=False) | Q(former_remember__isnull=False),
            ),
        ),
        # Each is the beginning of one of those.
        migrations.RemoveIndex("membership", "members_by_prefix"),
        migrations.RemoveIndex("membership", "members_by_address"),
        migrations.RemoveIndex("membership", "invitations_by_address"),
        migrations.RemoveIndex("membership", "invitations_to_address"),
    ]
