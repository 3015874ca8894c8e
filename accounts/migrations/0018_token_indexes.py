"""Index the tokens of a user in their order, and those that a mail is due about."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from accounts.database.indexes import RemoveColumnIndex


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0017_user_indexes"),
    ]

    operations = [
        migrations.AddIndex("apitoken", models.Index(fields=["owner", "id"], name="tokens_of_user")),
        migrations.AddIndex(
            "apitoken", models.Index(fields=["expiry_told", "expires_at"], name="apitoken_to_tell")
        ),
        RemoveColumnIndex(
            "apitoken",
            "owner",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="api_tokens",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
