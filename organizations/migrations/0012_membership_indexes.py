"""Index invitations by their end, and members by what the admin site filters them by."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0011_organization_keys"),
    ]

    operations = [
        migrations.AddIndex(
            "membership",
            models.Index(
                fields=["email"],
                opclasses=["varchar_pattern_ops"],
                name="invitations_by_email",
                condition=Q(user__isnull=True),
            ),
        ),
        migrations.AddIndex(
            "membership",
            models.Index(fields=["expires_at"], name="invitations_by_end", condition=Q(status="invited")),
        ),
        migrations.AddIndex(
            "membership", models.Index(fields=["id"], name="members_with", condition=Q(two_factor_enabled=True))
        ),
        migrations.AddIndex(
            "membership",
            models.Index(fields=["id"], name="members_without", condition=Q(two_factor_enabled=False)),
        ),
        migrations.AddIndex(
            "membership",
            models.Index(
                fields=["id"], name="active_without", condition=Q(status="active", two_factor_enabled=False)
            ),
        ),
    ]
