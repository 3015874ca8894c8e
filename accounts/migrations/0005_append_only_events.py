"""Keep audit events from being changed, and from being deleted before the stored retention is over."""

import django.utils.timezone
from django.db import migrations, models

from accounts.database import append_only


def install(apps, schema_editor):
    append_only.install(schema_editor.connection)


def remove(apps, schema_editor):
    append_only.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_api_tokens"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditRetention",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("days", models.PositiveIntegerField(null=True)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="one_audit_retention"),
                    models.CheckConstraint(
                        condition=models.Q(("days__isnull", True), ("days__gte", 30), _connector="OR"),
                        name="audit_retention_long_enough",
                    ),
                ],
            },
        ),
        migrations.RunPython(install, remove),
    ]
