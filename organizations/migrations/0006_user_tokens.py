"""Keep whether an organization accepts the tokens of its members.

The default is the database's own: processes of the former version go on inserting rows meanwhile.
"""

from django.db import migrations, models

from accounts.database.columns import AddColumn


class Migration(migrations.Migration):
    dependencies = [("organizations", "0005_token_methods")]

    operations = [
        AddColumn(
            "organization",
            "user_tokens_enabled",
            models.BooleanField("accepts personal tokens", db_default=True, default=True, editable=False),
        ),
    ]
