"""The indexes of the table of users."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.database.indexes import BeginningIndex

# By name: choices of filters on the admin site that few users may match, whose list is sorted by name.
CHOICES = {
    "users_deactivated": Q(is_active=False),
    "users_on_staff": Q(is_staff=True),
    "users_with_two_factor": Q(two_factor_enabled_at__isnull=False),
    "users_without_two_factor": Q(two_factor_enabled_at__isnull=True),
    "users_unconfirmed": Q(email_confirmed_at__isnull=True),
}

INDEXES: list[models.Index] = [
    models.Index(fields=["id"], name="superusers", condition=Q(is_superuser=True)),
    # What housekeeping looks for.
    models.Index(fields=["id"], name="users_with_new_stamp", condition=Q(stamp_is_new=True)),
    models.Index(
        fields=["id"],
        name="users_of_unknown_level",
        condition=Q(two_factor_enabled_at__isnull=False, two_factor_level__isnull=True),
    ),
    # Searches by a beginning.
    BeginningIndex(Lower("username"), name="users_by_name"),
    BeginningIndex(Lower("email"), name="users_by_address"),
    BeginningIndex(
        Lower("unconfirmed_email"), name="users_by_next_address", condition=~Q(unconfirmed_email="")
    ),
    *(
        models.Index(fields=["username"], name=name, condition=condition)
        for name, condition in CHOICES.items()
    ),
]
