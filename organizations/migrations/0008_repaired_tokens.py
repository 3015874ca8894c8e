"""Bring the tokens of organizations to one shape, where older texts of migrations made another one.

Of 0003 there was a text with 40 characters for the maker's name, which is too short (accounts 0011), and of
0004 one without the time of the last mail about invitations.
"""

from django.db import migrations

from accounts.database import repairs


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0006_user_tokens"),
    ]

    operations = [
        migrations.RunPython(
            repairs.widen("organizations", "OrganizationToken", "created_by"), migrations.RunPython.noop
        ),
        migrations.RunPython(
            repairs.add_missing("organizations", "OrganizationToken", "invitation_told_at"),
            migrations.RunPython.noop,
        ),
    ]
