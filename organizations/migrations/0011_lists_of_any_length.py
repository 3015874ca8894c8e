"""Index what searches and people's own lists read, so that they cost the same at any size.

A copy of the organization's name in each membership gives the order of the lists of a person. `doctor --reconcile`
fills in what processes of the former release write while this one starts.
"""

from django.db import migrations, models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Lower

from accounts.database.columns import AddColumn


def fill_in(apps, schema_editor):
    membership = apps.get_model("organizations", "Membership")
    organizations = apps.get_model("organizations", "Organization").objects
    name = organizations.filter(pk=OuterRef("organization_id")).values(key=Lower("name"))
    membership.objects.update(organization_key=Subquery(name[:1]))


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
    dependencies = [("organizations", "0010_members_indexes")]

    operations = [
        AddColumn(
            "membership",
            "organization_key",
            models.CharField(blank=True, db_default="", default="", editable=False, max_length=40),
        ),
        migrations.RunPython(fill_in, migrations.RunPython.noop),
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
                fields=["id", "session_timeout"],
                name="organizations_with_timeout",
                condition=Q(session_timeout__isnull=False),
            ),
        ),
        migrations.AddIndex(
            "organization",
            models.Index(
                fields=["id", "session_remember"],
                name="organizations_with_remember",
                condition=Q(session_remember__isnull=False),
            ),
        ),
        # Each is the beginning of one of those.
        migrations.RemoveIndex("membership", "members_by_prefix"),
        migrations.RemoveIndex("membership", "members_by_address"),
        migrations.RemoveIndex("membership", "invitations_by_address"),
        migrations.RemoveIndex("membership", "invitations_to_address"),
    ]
