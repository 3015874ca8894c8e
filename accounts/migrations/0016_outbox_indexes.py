"""Index the outbox by what is sent next and by what is tidied next."""

from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Coalesce

WAITS = Q(sent_at__isnull=True) & ~Q(sealed="")


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0015_audit_indexes"),
    ]

    operations = [
        migrations.AddIndex(
            "outboxmessage",
            models.Index(fields=["kind", "due_at", "id"], name="outbox_waiting", condition=WAITS),
        ),
        migrations.AddIndex(
            "outboxmessage", models.Index(fields=["expires_at"], name="outbox_late", condition=WAITS)
        ),
        migrations.AddIndex(
            "outboxmessage", models.Index(Coalesce("sent_at", "expires_at"), name="outbox_over")
        ),
        migrations.RemoveIndex("outboxmessage", "outbox_due"),
    ]
