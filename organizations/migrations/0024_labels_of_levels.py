"""Say on pages which methods an organization accepts in the words of the other pages; no column changes."""

from django.db import migrations, models

LEVELS = [(1, "Any method"), (2, "Authenticator apps only")]


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0023_joined_of_periods"),
    ]

    operations = [
        migrations.AlterField(
            "organization",
            "accepted_level",
            models.PositiveSmallIntegerField(choices=LEVELS, db_default=1, default=1, editable=False),
        ),
        migrations.AlterField(
            "organization",
            "scheduled_level",
            models.PositiveSmallIntegerField(choices=LEVELS, editable=False, null=True),
        ),
    ]
