"""Keep who is responsible for an invitation, with which token it was sent, and whether owners were told."""

from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def fill_in(apps, schema_editor):
    """Find the inviters of open invitations by their names, which were all that was kept."""
    membership, user = apps.get_model("organizations", "Membership"), apps.get_model("accounts", "User")
    inviter = user.objects.filter(username=OuterRef("invited_by")).values("pk")[:1]
    membership.objects.filter(status="invited").exclude(invited_by="").update(invited_by_id=Subquery(inviter))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_api_tokens"), ("organizations", "0003_tokens")]

    operations = [
        migrations.AddField("membership", "invited_by_id", models.BigIntegerField(null=True)),
        migrations.AddField("membership", "invited_with_id", models.BigIntegerField(null=True)),
        migrations.AddField("organizationtoken", "invitation_told_at", models.DateTimeField(null=True)),
        migrations.RunPython(fill_in, migrations.RunPython.noop),
    ]
