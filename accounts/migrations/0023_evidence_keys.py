"""The public keys of evidence."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0022_audit_trails"),
    ]

    operations = [
        migrations.CreateModel(
            name="EvidenceKey",
            fields=[
                ("key_id", models.CharField(max_length=16, primary_key=True, serialize=False)),
                ("public_key", models.CharField(max_length=64)),
                ("first_used_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
    ]
