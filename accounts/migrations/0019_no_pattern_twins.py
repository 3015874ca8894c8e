"""Drop the second index of each indexed text column, which nothing reads (decision record D71).

Not one transaction: each table is locked by itself, for a moment. Begun anew, it goes on.
"""

from django.db import migrations

from accounts.database.indexes import drop_twins


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("accounts", "0018_token_indexes"),
    ]

    operations = [
        migrations.RunPython(drop_twins, migrations.RunPython.noop),
    ]
