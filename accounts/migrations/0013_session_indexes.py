"""Index the sessions of a user and the logins of a user apart: each row is in one of both."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from accounts.database.indexes import RemoveColumnIndex


def person(related_name):
    return models.ForeignKey(
        db_index=False,
        null=True,
        on_delete=django.db.models.deletion.CASCADE,
        related_name=related_name,
        to=settings.AUTH_USER_MODEL,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0012_time_zones"),
    ]

    operations = [
        migrations.AddIndex(
            "session", models.Index(fields=["user"], name="sessions_of_user", condition=Q(user__isnull=False))
        ),
        migrations.AddIndex(
            "session",
            models.Index(
                fields=["pending_user"], name="logins_of_user", condition=Q(pending_user__isnull=False)
            ),
        ),
        RemoveColumnIndex("session", "user", person("sessions")),
        RemoveColumnIndex("session", "pending_user", person("pending_logins")),
    ]
