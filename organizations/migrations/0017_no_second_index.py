"""Drop an index that another one begins with: `memberships_of_person`. Owners without two-factor are few: their
index has the names in it, in whose order they are read.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from accounts.database.indexes import RemoveColumnIndex


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0016_lists_of_any_length"),
    ]

    operations = [
        RemoveColumnIndex(
            "membership",
            "user",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="memberships",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RemoveIndex("membership", "owners_without_two_factor"),
        migrations.AddIndex(
            "membership",
            models.Index(
                fields=["organization", "username_key"],
                name="owners_without_two_factor",
                condition=models.Q(is_owner=True, two_factor_enabled=False, status="active"),
            ),
        ),
    ]
