"""Index what the admin site searches and filters events by, and nothing twice."""

from django.db import migrations, models
from django.db.models import F, Q

from accounts.database.indexes import BY_BEGINNING, RemoveColumnIndex


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0013_session_indexes"),
    ]

    operations = [
        migrations.AddIndex("auditevent", models.Index(fields=["event", "id"], name="events_of_kind")),
        migrations.AddIndex(
            "auditevent",
            models.Index(fields=["subject"], name="events_by_subject", opclasses=[BY_BEGINNING]),
        ),
        migrations.AddIndex(
            "auditevent",
            models.Index(
                fields=["actor"],
                name="events_by_actor",
                opclasses=[BY_BEGINNING],
                condition=~Q(actor=F("subject")) & ~Q(actor=F("door")),
            ),
        ),
        migrations.AddIndex(
            "auditevent",
            models.Index(fields=["door", "id"], name="events_by_door", condition=~Q(door="html")),
        ),
        RemoveColumnIndex("auditevent", "event", models.CharField(max_length=64)),
        RemoveColumnIndex("auditevent", "subject", models.CharField(max_length=100)),
    ]
