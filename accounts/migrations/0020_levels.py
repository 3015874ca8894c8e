"""Keep the level of the strongest method of a person. `run_due_work` looks at the devices of those who have
two-factor already.
"""

from django.db import migrations, models

from accounts.database.columns import AddColumn


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0019_no_pattern_twins"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        AddColumn(
            model_name="user",
            name="two_factor_level",
            field=models.PositiveSmallIntegerField(blank=True, editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(
                    ("two_factor_enabled_at__isnull", False), ("two_factor_level__isnull", True)
                ),
                fields=["id"],
                name="users_of_unknown_level",
            ),
        ),
    ]
