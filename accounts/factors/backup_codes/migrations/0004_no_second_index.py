"""Drop an index that another one begins with."""

import django.db.models.deletion
from django.db import migrations, models

from accounts.database.indexes import RemoveColumnIndex


class Migration(migrations.Migration):
    dependencies = [
        ("factor_backup_codes", "0003_unconfirmed"),
    ]

    operations = [
        RemoveColumnIndex(
            "backupcode",
            "code_set",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="codes",
                to="factor_backup_codes.backupcodeset",
            ),
        ),
    ]
