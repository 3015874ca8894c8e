"""Fill in the copies of organizations' names, some rows at a time: nobody waits, and it can begin anew.

`doctor --reconcile` fills in what processes of the former release write while this one starts.
"""

from django.db import migrations, transaction
from django.db.models import Max, OuterRef, Subquery
from django.db.models.functions import Lower

ROWS_AT_ONCE = 5_000


def fill_in(apps, schema_editor):
    membership = apps.get_model("organizations", "Membership")
    organizations = apps.get_model("organizations", "Organization").objects
    name = organizations.filter(pk=OuterRef("organization_id")).values(key=Lower("name"))
    last = membership.objects.aggregate(last=Max("pk"))["last"] or 0
    for start in range(0, last + 1, ROWS_AT_ONCE):
        rows = membership.objects.filter(pk__gte=start, pk__lt=start + ROWS_AT_ONCE, organization_key="")
        with transaction.atomic(schema_editor.connection.alias):
            rows.update(organization_key=Subquery(name[:1]))


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("organizations", "0014_former_limits")]

    operations = [migrations.RunPython(fill_in, migrations.RunPython.noop)]
