"""When the member of a period had joined, so that it is still known after the membership has ended."""

from django.db import migrations, models

from accounts.database.columns import AddColumn


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0022_tokens_of_maker"),
    ]

    operations = [
        AddColumn(
            model_name="twofactorperiod",
            name="joined_at",
            field=models.DateTimeField(null=True),
        ),
    ]
