"""Make the index by person anew on SQLite, with a text that does not differ between processes."""

from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from accounts.database.indexes import AddIndexOnSQLite, RemoveIndexOnSQLite
from accounts.database.json_text import JSONText


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0023_evidence_keys"),
    ]

    operations = [
        RemoveIndexOnSQLite("auditevent", "trail_of_person"),
        AddIndexOnSQLite(
            "auditevent",
            models.Index(
                F("subject"),
                Coalesce(JSONText("email", "data"), JSONText("member", "data")),
                F("created_at"),
                F("id"),
                name="trail_of_person",
                condition=Q(subject__startswith="organization:"),
            ),
        ),
    ]
