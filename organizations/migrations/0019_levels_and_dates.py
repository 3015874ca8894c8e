"""Levels of members, dates from which two-factor is required, periods of two-factor, and counts by day.

The table of members is written anew, and its two indexes for searches are made again. `run_due_work` fills in
the levels.
"""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Cast, Coalesce, Greatest

from accounts.database.columns import AddCheck, AddColumn


class Migration(migrations.Migration):

    dependencies = [
        ('organizations', '0018_invitations_of_inviter'),
        ('accounts', '0020_levels'),
    ]

    operations = [
        migrations.CreateModel(
            name='OrganizationDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organization', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='days', to='organizations.organization')),
                ('day', models.DateField()),
                ('members', models.IntegerField()),
                ('without_two_factor', models.IntegerField()),
                ('with_texts_only', models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='TwoFactorPeriod',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organization', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='periods', to='organizations.organization')),
                ('user_id', models.BigIntegerField()),
                ('username', models.CharField(max_length=40)),
                ('level', models.PositiveSmallIntegerField()),
                ('began_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveIndex(
            model_name='membership',
            name='members_begin_by_name',
        ),
        migrations.RemoveIndex(
            model_name='membership',
            name='members_begin_by_address',
        ),
        AddColumn(
            model_name='membership',
            name='two_factor_level',
            field=models.PositiveSmallIntegerField(editable=False, null=True),
        ),
        AddColumn(
            model_name='membership',
            name='level',
            field=models.GeneratedField(
                expression=Cast('two_factor_enabled', models.IntegerField()) * Greatest(Coalesce('two_factor_level', 1), 1),
                output_field=models.IntegerField(),
                db_persist=True,
            ),
        ),
        AddColumn(
            model_name='membership',
            name='reminded_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        AddColumn(
            model_name='organization',
            name='accepted_level',
            field=models.PositiveSmallIntegerField(choices=[(1, 'Any method'), (2, 'Applications, but no text messages')], db_default=1, default=1, editable=False),
        ),
        AddColumn(
            model_name='organization',
            name='all_reminded_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        AddColumn(
            model_name='organization',
            name='due_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        AddColumn(
            model_name='organization',
            name='put_off_told_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        AddColumn(
            model_name='organization',
            name='required_from',
            field=models.DateTimeField(editable=False, null=True),
        ),
        AddColumn(
            model_name='organization',
            name='schedule_told',
            field=models.PositiveSmallIntegerField(editable=False, null=True),
        ),
        AddColumn(
            model_name='organization',
            name='scheduled_level',
            field=models.PositiveSmallIntegerField(choices=[(1, 'Any method'), (2, 'Applications, but no text messages')], editable=False, null=True),
        ),
        AddColumn(
            model_name='organizationcounts',
            name='members_with_texts_only',
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name='membership',
            index=models.Index(condition=models.Q(('status', 'active')), fields=['organization', 'username_key', 'id', 'joined_at', 'level'], name='members_begin_by_name', opclasses=['int8_ops', 'varchar_pattern_ops', 'int8_ops', 'timestamptz_ops', 'int4_ops']),
        ),
        migrations.AddIndex(
            model_name='membership',
            index=models.Index(condition=models.Q(('status', 'active')), fields=['organization', 'address_key', 'id', 'username_key', 'joined_at', 'level'], name='members_begin_by_address', opclasses=['int8_ops', 'varchar_pattern_ops', 'int8_ops', 'varchar_ops', 'timestamptz_ops', 'int4_ops']),
        ),
        migrations.AddIndex(
            model_name='membership',
            index=models.Index(condition=models.Q(('level', 1), ('status', 'active')), fields=['organization', 'username_key', 'id'], name='members_with_texts'),
        ),
        migrations.AddIndex(
            model_name='membership',
            index=models.Index(condition=models.Q(('level', 1), ('status', 'active')), fields=['organization', 'joined_at', 'id'], name='members_with_texts_by_joining'),
        ),
        migrations.AddIndex(
            model_name='membership',
            index=models.Index(condition=models.Q(('level__lt', 2), ('status', 'active')), fields=['organization', 'username_key', 'id'], name='members_below_app'),
        ),
        migrations.AddIndex(
            model_name='membership',
            index=models.Index(condition=models.Q(('is_owner', True), ('level__lt', 2), ('status', 'active')), fields=['organization', 'username_key'], name='owners_below_app'),
        ),
        migrations.AddIndex(
            model_name='membership',
            index=models.Index(condition=models.Q(('status', 'active'), ('two_factor_level__isnull', True)), fields=['id'], name='members_of_unknown_level'),
        ),
        migrations.AddIndex(
            model_name='organization',
            index=models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at'], name='organizations_with_date'),
        ),
        AddCheck(
            model_name='organization',
            constraint=models.CheckConstraint(condition=models.Q(('accepted_level__range', (1, 2))), name='known_accepted_level'),
        ),
        AddCheck(
            model_name='organization',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('due_at__isnull', True), ('required_from__isnull', True), ('scheduled_level__isnull', True)), models.Q(('due_at__gte', models.F('required_from')), ('required_from__isnull', False), ('scheduled_level__range', (1, 2))), _connector='OR'), name='whole_schedule'),
        ),
        migrations.AddIndex(
            model_name='organizationday',
            index=models.Index(fields=['day'], name='days_by_date'),
        ),
        migrations.AddConstraint(
            model_name='organizationday',
            constraint=models.UniqueConstraint(fields=('organization', 'day'), name='one_row_a_day'),
        ),
        migrations.AddIndex(
            model_name='twofactorperiod',
            index=models.Index(fields=['organization', 'user_id', 'id'], name='periods_of_organization'),
        ),
        migrations.AddConstraint(
            model_name='twofactorperiod',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('user_id', 'organization'), name='one_open_period_per_member'),
        ),
    ]
