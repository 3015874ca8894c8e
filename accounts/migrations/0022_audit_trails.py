"""Say which organization an event is about, and index the trails of organizations as their pages read them.

Events that were recorded before say it by the name alone: no event is ever changed.
"""

from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce

from accounts.database.columns import AddColumn

OF_ORGANIZATIONS = Q(subject__startswith="organization:")


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0021_site_invitations"),
    ]

    operations = [
        AddColumn("auditevent", "subject_id", models.BigIntegerField(null=True)),
        migrations.AddIndex(
            "auditevent",
            models.Index(fields=["subject", "created_at", "id"], name="trail", condition=OF_ORGANIZATIONS),
        ),
        migrations.AddIndex(
            "auditevent",
            models.Index(
                fields=["subject", "event", "created_at", "id"],
                name="trail_of_kind",
                condition=OF_ORGANIZATIONS,
            ),
        ),
        migrations.AddIndex(
            "auditevent",
            models.Index(
                fields=["subject", "actor", "created_at", "id"],
                name="trail_of_actor",
                condition=OF_ORGANIZATIONS,
            ),
        ),
        migrations.AddIndex(
            "auditevent",
            models.Index(
                F("subject"),
                Coalesce(KT("data__email"), KT("data__member")),
                F("created_at"),
                F("id"),
                name="trail_of_person",
                condition=OF_ORGANIZATIONS,
            ),
        ),
    ]
