"""Keep the limits of sessions that were made longer until what they have ended is deleted."""

from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.database.columns import AddColumn
from accounts.database.indexes import BeginningIndex


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0013_token_indexes"),
    ]

    operations = [
        AddColumn("organization", "former_timeout", models.PositiveIntegerField(editable=False, null=True)),
        AddColumn("organization", "former_remember", models.PositiveIntegerField(editable=False, null=True)),
        migrations.AddIndex(
            "organization",
            models.Index(
                fields=["id"],
                name="organizations_with_former",
                condition=Q(former_timeout__isnull=False) | Q(former_remember__isnull=False),
            ),
        ),
        migrations.AddIndex("organization", BeginningIndex(Lower("name"), name="organizations_by_beginning")),
        migrations.AddIndex(
            "organization",
            models.Index(
                Lower("name"),
                name="organizations_with_policy",
                condition=Q(collaborator_auth_policy="two_factor_mandatory"),
            ),
        ),
    ]
