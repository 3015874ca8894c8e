"""Index what nobody has confirmed: tidying looks for it."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("factor_totp", "0002_failures_in_a_row"),
    ]

    operations = [
        migrations.AddIndex(
            "totpdevice",
            models.Index(fields=["created_at"], name="unconfirmed_apps", condition=Q(confirmed=False)),
        ),
    ]
