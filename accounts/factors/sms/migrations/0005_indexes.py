"""Index what tidying looks for, and pauses."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("factor_sms", "0004_defaults"),
    ]

    operations = [
        migrations.AddIndex(
            "smsdevice",
            models.Index(fields=["created_at"], name="unconfirmed_phones", condition=Q(confirmed=False)),
        ),
        migrations.AddIndex(
            "textmessage",
            models.Index(fields=["expires_at"], name="texts_with_digest", condition=~Q(digest="")),
        ),
        migrations.AddIndex(
            "destination",
            models.Index(
                fields=["paused_until"], name="paused_destinations", condition=Q(paused_at__isnull=False)
            ),
        ),
    ]
