"""Keep the method behind remembered browsers, their sessions, and tokens; it is unknown of older rows.

The default stays in the database: while servers of the former release still run, they leave the columns out.
"""

from django.db import migrations, models

from accounts.database.columns import AddColumn


def column():
    return models.CharField(blank=True, db_default="", default="", max_length=32)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_superusers"),
    ]

    operations = [
        AddColumn("apitoken", "method", column()),
        AddColumn("rememberedbrowser", "method", column()),
        AddColumn("session", "remembered_method", column()),
    ]
