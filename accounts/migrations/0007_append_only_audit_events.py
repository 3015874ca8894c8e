"""Keep audit events from being changed, and store how long they are kept."""

from django.db import migrations, models

from accounts.audit import append_only


def create_triggers(apps, schema_editor):
    apps.get_model("accounts", "AuditRetention").objects.get_or_create(pk=1)
    append_only.create_missing(schema_editor.connection)


def drop_triggers(apps, schema_editor):
    on = " ON accounts_auditevent" if schema_editor.connection.vendor == "postgresql" else ""
    for name in append_only.triggers_of(schema_editor.connection):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_mail_windows"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditRetention",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("days", models.PositiveIntegerField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="one_audit_retention"),
                    models.CheckConstraint(
                        condition=models.Q(("days__isnull", True), ("days__gte", 30), _connector="OR"),
                        name="audit_retention_is_long",
                    ),
                ],
            },
        ),
        migrations.RunPython(create_triggers, drop_triggers),
    ]
