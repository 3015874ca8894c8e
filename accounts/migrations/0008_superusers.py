"""An index of superusers: each change by an administrator is mailed to all of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_mail_windows"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("is_superuser", True)), fields=["id"], name="superusers"
            ),
        ),
    ]
