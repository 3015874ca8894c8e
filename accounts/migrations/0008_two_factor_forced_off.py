"""Keep at the user that two-factor was removed by force: so far only the audit event said so."""

from django.db import migrations, models


def read_from_events(apps, schema_editor):
    User = apps.get_model("accounts", "User")
    events = apps.get_model("accounts", "AuditEvent").objects.filter(event="two_factor.disabled")
    people = User.objects.filter(two_factor_enabled_at=None)
    for pk in events.filter(data__forced=True).order_by().values_list("user_id", flat=True).distinct():
        last = events.filter(user_id=pk).order_by("-id").first()
        if last.data.get("forced"):
            people.filter(pk=pk).update(two_factor_forced_off_at=last.created_at)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_append_only_audit_events"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="two_factor_forced_off_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.RunPython(read_from_events, migrations.RunPython.noop),
    ]
