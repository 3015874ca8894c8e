"""Keep with the user that two-factor was removed by force: events may be deleted, once they are old."""

from django.db import migrations, models


def fill(apps, schema_editor):
    """Mark the users without two-factor whose last removal was forced."""
    users = apps.get_model("accounts", "User").objects
    events = apps.get_model("accounts", "AuditEvent").objects
    forced = events.filter(event="two_factor.disabled", data__forced=True).values("user_id")
    for user in users.filter(two_factor_enabled_at=None, pk__in=forced).iterator():
        removals = events.filter(event="two_factor.disabled", user_id=user.pk)
        last = removals.order_by("-id").first()
        if last.data.get("forced"):
            users.filter(pk=user.pk).update(two_factor_forced_off_at=last.created_at)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_append_only_events"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="two_factor_forced_off_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
