"""Find the tokens of organizations that somebody has made, before their account is deactivated."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0021_invited_as_owner"),
    ]

    operations = [
        migrations.AddIndex(
            "organizationtoken",
            models.Index(fields=["created_by_id"], name="organization_tokens_of_maker"),
        ),
    ]
