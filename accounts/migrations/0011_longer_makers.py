"""Give tokens room for the names of their makers, where the table was made for 40 characters.

An older text of migration 0004 did that. With it, the owners' token of an organization with a long name could
make no tokens: the name did not fit.
"""

from django.db import migrations

from accounts.database import repairs


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_proof_methods"),
    ]

    operations = [
        migrations.RunPython(
            repairs.widen("accounts", "ApiToken", "created_by"), migrations.RunPython.noop
        ),
    ]
