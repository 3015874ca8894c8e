"""Index the tokens that a mail is due about."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0012_membership_indexes"),
    ]

    operations = [
        migrations.AddIndex(
            "organizationtoken",
            models.Index(fields=["expiry_told", "expires_at"], name="organizationtoken_to_tell"),
        ),
    ]
