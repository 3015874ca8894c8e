"""Keep the method behind the tokens of organizations (accounts 0009 says more)."""

from django.db import migrations, models

from accounts.database.columns import AddColumn


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0004_invited_by"),
    ]

    operations = [
        AddColumn(
            "organizationtoken",
            "method",
            models.CharField(blank=True, db_default="", default="", max_length=32),
        ),
    ]
