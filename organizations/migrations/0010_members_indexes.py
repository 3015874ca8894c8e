"""Index what the page "Users" sorts and searches by. After 0009, which fills one of the columns."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("organizations", "0009_members_list")]

    operations = [
        migrations.AddIndex(
            "membership",
            models.Index(
                fields=["organization", "address_key"],
                opclasses=["int8_ops", "varchar_pattern_ops"],
                name="members_by_address",
                condition=Q(status="active"),
            ),
        ),
        migrations.AddIndex(
            "membership",
            models.Index(
                fields=["organization", "joined_at", "id"],
                name="members_by_joining",
                condition=Q(status="active"),
            ),
        ),
        migrations.AddIndex(
            "membership",
            models.Index(
                fields=["organization", "joined_at", "id"],
                name="members_without_by_joining",
                condition=Q(status="active", two_factor_enabled=False),
            ),
        ),
        migrations.AddIndex(
            "membership",
            models.Index(
                fields=["organization", "email"],
                opclasses=["int8_ops", "varchar_pattern_ops"],
                name="invitations_by_address",
                condition=Q(status="invited"),
            ),
        ),
    ]
