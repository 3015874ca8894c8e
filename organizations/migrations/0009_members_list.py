"""Copy the confirmed addresses of members into their memberships, for the search of the page "Users".

The copy makes a search by the beginning of an address a look at one index, whatever the size. `doctor --reconcile`
fills in what processes of the former release write while this one starts.
"""

from django.db import migrations, models
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Lower

from accounts.database.columns import AddColumn


def fill_in(apps, schema_editor):
    membership, user = apps.get_model("organizations", "Membership"), apps.get_model("accounts", "User")
    confirmed = user.objects.filter(pk=OuterRef("user_id"), email_confirmed_at__isnull=False)
    members = membership.objects.filter(status="active", user__email_confirmed_at__isnull=False)
    members.update(address_key=Subquery(confirmed.values(key=Lower("email"))[:1]))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0011_longer_makers"), ("organizations", "0008_repaired_tokens")]

    operations = [
        AddColumn(
            "membership",
            "address_key",
            models.CharField(blank=True, db_default="", default="", editable=False, max_length=254),
        ),
        migrations.RunPython(fill_in, migrations.RunPython.noop),
    ]
