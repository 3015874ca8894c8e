"""Keep the time zone that a person has chosen; "" is the site's.

The default stays in the database: while servers of the former release still run, they leave the column out.
"""

from django.db import migrations, models

from accounts.database.columns import AddColumn


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_longer_makers"),
    ]

    operations = [
        AddColumn("user", "time_zone", models.CharField(blank=True, db_default="", default="", max_length=64)),
    ]
