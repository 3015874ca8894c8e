"""Note whose stamp is new, and index what the admin site searches and filters users by.

The default stays in the database: while servers of the former release still run, they leave the column out.
What they end goes when it expires.
"""

from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.database.columns import AddColumn
from accounts.database.indexes import BeginningIndex

CHOICES = {
    "users_deactivated": Q(is_active=False),
    "users_on_staff": Q(is_staff=True),
    "users_with_two_factor": Q(two_factor_enabled_at__isnull=False),
    "users_without_two_factor": Q(two_factor_enabled_at__isnull=True),
    "users_unconfirmed": Q(email_confirmed_at__isnull=True),
}


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0016_outbox_indexes"),
    ]

    operations = [
        AddColumn("user", "stamp_is_new", models.BooleanField(db_default=False, default=False, editable=False)),
        migrations.AddIndex(
            "user", models.Index(fields=["id"], name="users_with_new_stamp", condition=Q(stamp_is_new=True))
        ),
        migrations.AddIndex("user", BeginningIndex(Lower("username"), name="users_by_name")),
        migrations.AddIndex("user", BeginningIndex(Lower("email"), name="users_by_address")),
        migrations.AddIndex(
            "user",
            BeginningIndex(
                Lower("unconfirmed_email"), name="users_by_next_address", condition=~Q(unconfirmed_email="")
            ),
        ),
        *(
            migrations.AddIndex("user", models.Index(fields=["username"], name=name, condition=condition))
            for name, condition in CHOICES.items()
        ),
    ]
