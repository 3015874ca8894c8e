"""Let the database fill in the columns that 0003 added: processes of 0.1.0 leave them out.

So they can go on sending texts while an upgrade goes from one process to the next.
"""

from django.db import migrations, models

from accounts.database.columns import AlterColumn


class Migration(migrations.Migration):
    dependencies = [
        ("factor_sms", "0003_breaker"),
    ]

    operations = [
        AlterColumn(
            "textmessage", "block", models.CharField(blank=True, db_default="", default="", max_length=64)
        ),
        AlterColumn(
            "textmessage", "country", models.CharField(blank=True, db_default="", default="", max_length=8)
        ),
    ]
