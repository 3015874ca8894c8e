"""Check the invariants I1 to I4 of docs/security.md in the database. Each check yields what is wrong."""

from django.db.models import Q

from accounts import factors
from accounts.factors.backup_codes.models import BackupCode, BackupCodeSet
from accounts.models import AuditEvent, Session, User
from organizations.models import AuthPolicy, Membership, Organization, OrganizationCounts, TwoFactorPeriod


def broken():
    """Return all violations as sentences."""
    return [*i1(), *i2(), *i3(), *i4(), *mirrors(), *periods(), *counts()]


def i1():
    """With a mandatory policy, every owner is enrolled, except those reset by break-glass."""
    left_out = set(
        AuditEvent.objects.filter(event="two_factor.disabled", data__forced=True).values_list(
            "user_id", flat=True
        )
    )
    owners = Membership.objects.owners().filter(
        organization__collaborator_auth_policy=AuthPolicy.TWO_FACTOR_MANDATORY
    )
    for owner in owners.exclude(user_id__in=left_out).select_related("organization"):
        if level_of(owner.user) < owner.organization.accepted_level:
            yield f"I1: {owner} owns {owner.organization} without what it requires"


def primary_devices(user):
    return [
        device
        for factor in factors.primary()
        for device in factor.device_model.objects.filter(user=user, confirmed=True)
    ]


def level_of(user):
    """The level by the devices themselves."""
    levels = [
        factor.level
        for factor in factors.primary()
        if factor.device_model.objects.filter(user=user, confirmed=True).exists()
    ]
    return max(levels, default=0)


def i2():
    """Two-factor is on if and only if there is a confirmed primary device, and then one set of ten codes."""
    for user in User.objects.all():
        devices = len(primary_devices(user))
        sets = BackupCodeSet.objects.filter(user=user, confirmed=True).count()
        if user.is_enrolled != (devices > 0):
            yield f"I2: {user} enrolled={user.is_enrolled} with {devices} devices"
        if sets != (1 if user.is_enrolled else 0):
            yield f"I2: {user} enrolled={user.is_enrolled} with {sets} sets of codes"
        elif (
            sets
            and BackupCode.objects.filter(code_set__user=user).exclude(code_set__confirmed=False).count()
            != 10
        ):
            yield f"I2: {user} has a set without ten codes"


def i3():
    """Each spent backup code is one success, unless the codes were renewed or two-factor was disabled."""
    for user in User.objects.all():
        successes = AuditEvent.objects.filter(
            user_id=user.pk, event__in=["login.succeeded", "sudo.granted"], data__method="backup-codes"
        ).count()
        spent = BackupCode.objects.filter(code_set__user=user, used_at__isnull=False).count()
        renewed = AuditEvent.objects.filter(
            user_id=user.pk, event__in=["backup_codes.renewed", "two_factor.disabled"]
        ).exists()
        if spent != successes and not renewed:
            yield f"I3: {user} spent {spent} codes for {successes} successes"


def i4():
    """A verified session belongs to a user who has proved that second factor before."""
    proofs = AuditEvent.objects.filter(
        Q(event__startswith="two_factor.", event__regex="enabled|added|replaced")
        | Q(event__in=["sudo.granted", "login.succeeded"]),
        ~Q(data__method="password"),
    )
    for session in Session.objects.filter(verified_at__isnull=False):
        if not proofs.filter(user_id=session.user_id).exists():
            yield f"I4: {session} is verified without a proof"
        elif not proofs.filter(user_id=session.user_id, data__method=session.method).exists():
            yield f"I4: {session} names a method that proved nothing: {session.method}"
    remembered = AuditEvent.objects.filter(event="browser.remembered")
    for session in Session.objects.filter(factor=Session.REMEMBERED):
        if not remembered.filter(user_id=session.user_id).exists():
            yield f"I4: {session} is of a browser that nobody had remembered"


def mirrors():
    for member in Membership.objects.active().select_related("user"):
        if member.two_factor_enabled != member.user.is_enrolled:
            yield f"mirror: {member} says {member.two_factor_enabled}"
        if not member.level == member.user.level == level_of(member.user):
            yield f"mirror: {member} has level {member.level}, the account {member.user.level}"


def periods():
    """Whoever is in has one open period, of the level that is there; nobody else has one."""
    members = Membership.objects.active().filter(two_factor_level__isnull=False).select_related("user")
    there = TwoFactorPeriod.objects.filter(ended_at=None, organization__in=Organization.objects.all())
    lasting = {(period.user_id, period.organization_id): period.level for period in there}
    for member in members:
        level = lasting.pop((member.user_id, member.organization_id), None)
        if level != member.user.level:
            yield f"periods: {member} has level {member.user.level}, and a period of {level} lasts"
    unknown = Membership.objects.active().filter(two_factor_level=None)
    left = lasting.keys() - set(unknown.values_list("user_id", "organization_id"))
    for user_id, organization_id in left:
        yield f"periods: one of user {user_id} lasts in {organization_id}, of which they are no member"


def counts():
    for row in OrganizationCounts.objects.select_related("organization"):
        members = row.organization.memberships.active()
        if row.members != members.count():
            yield f"counts: {row.organization} has {members.count()} members, not {row.members}"
        if row.members_without_two_factor != members.filter(two_factor_enabled=False).count():
            yield f"counts: {row.organization} is wrong on members without two-factor"
        if row.members_with_texts_only != members.filter(two_factor_enabled=True, two_factor_level=1).count():
            yield f"counts: {row.organization} is wrong on members with texts only"
