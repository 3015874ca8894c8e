"""Keep the method behind remembered browsers, their sessions, and tokens; it is unknown of older rows.

The default stays in the database: while servers of the former release still run, they leave the columns out.
"""

from django.db import migrations, models


def column():
    return models.CharField(blank=True, db_default="", default="", max_length=32)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_superusers"),
    ]

    operations = [
        migrations.AddField("apitoken", "method", column()),
        migrations.AddField("rememberedbrowser", "method", column()),
        migrations.AddField("session", "remembered_method", column()),
    ]
