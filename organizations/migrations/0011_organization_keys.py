"""Add a copy of the organization's name to each membership: people's own lists are read in its order.

Only the column: it is there in a moment, and nothing that people use waits for it. 0015 fills it in.
"""

from django.db import migrations, models

from accounts.database.columns import AddColumn


class Migration(migrations.Migration):
    dependencies = [("organizations", "0010_members_indexes")]

    operations = [
        AddColumn(
            "membership",
            "organization_key",
            models.CharField(blank=True, db_default="", default="", editable=False, max_length=40),
        ),
    ]
