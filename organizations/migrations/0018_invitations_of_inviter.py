"""Find the invitations that somebody has made: who leaves an organization may have made few among very many.

While the index is built, what writes memberships waits: joining, leaving, inviting, two-factor on and off.
"""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0017_no_second_index"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="membership",
            index=models.Index(
                condition=models.Q(("invited_by_id__isnull", False), ("status", "invited")),
                fields=["invited_by_id", "id"],
                name="invitations_of_inviter",
            ),
        ),
    ]
