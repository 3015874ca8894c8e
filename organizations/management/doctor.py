"""Check the invariants of organizations (docs/security.md) for `manage.py doctor`."""

from collections.abc import Iterator

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Lower

from accounts.database.timeouts import unhurried
from accounts.management.doctor import Check, Note
from accounts.management.rows import named
from accounts.models import Level, User
from organizations.listed import listing
from organizations.management.doctor_lists import LISTS
from organizations.members.addresses import copy_again, wrongly_copied
from organizations.models import (
    INVITATION_LIFETIME,
    Membership,
    Organization,
    OrganizationCounts,
    OrganizationToken,
)
from organizations.models.batches import LEASE, LONGEST_PAUSE, LONGEST_WAIT
from organizations.models.memberships import requires_more_than
from organizations.policy.schedule import FURTHEST

ENROLLED = Q(user__two_factor_enabled_at__isnull=False)
ACTIVE = Q(memberships__status=Membership.Status.ACTIVE)
# A level that is not known yet is not counted as texts.
TEXTS_ONLY = Q(memberships__two_factor_enabled=True, memberships__two_factor_level=Level.TEXTS)
HASH = r"^[0-9a-f]{64}$"
AT_ONCE = 1_000  # rows of one transaction
HORIZONS = {
    "organizations.InvitationBatch.leased_until": LEASE,
    "organizations.InvitationBatch.paused_until": LONGEST_PAUSE,
    "organizations.InvitationBatchRow.retry_at": LONGEST_WAIT,
    "organizations.Membership.expires_at": INVITATION_LIFETIME,
    "organizations.Organization.required_from": FURTHEST,
    "organizations.Organization.due_at": FURTHEST,
    "organizations.OrganizationToken.expires_at": None,
}


def owners_are_enrolled() -> Iterator[str]:
    """I1. Skip owners reset by break-glass: that is recorded, and they are locked out until enrolled."""
    below = Membership.objects.owners().filter(requires_more_than(F("level")) | ~ENROLLED).mandatory()
    not_forced = below.filter(user__two_factor_forced_off_at=None).select_related("organization", "user")
    for row in not_forced.iterator():
        enrolled = row.user is not None and row.user.is_enrolled
        has = "text messages only" if enrolled else "no two-factor authentication"
        yield f"{row.organization}: its owner {row.username} has {has}"


def organizations_have_owners() -> Iterator[str]:
    """Check that there is an owner. Note where none can act: administrators may deactivate the last one."""
    owners = Membership.objects.owners().filter(organization=OuterRef("pk"))
    able = owners.filter(user__is_active=True)
    for organization in Organization.objects.exclude(Exists(owners)).iterator():
        yield f"{organization} has no owner"
    for organization in Organization.objects.filter(Exists(owners)).exclude(Exists(able)).iterator():
        names = organization.memberships.owners().order_by("username_key").values_list("username", flat=True)
        yield Note(
            f"{organization} has no active owner ({listing(list(names))} deactivated). Make a member one: "
            f"manage.py make_owner {organization} USERNAME --reason TEXT"
        )


def memberships_mirror_users() -> Iterator[str]:
    """Check the copies of two-factor state and username. An invitation must not reveal two-factor state."""
    active = Membership.objects.active()
    wrong_mirror = active.filter(ENROLLED, two_factor_enabled=False) | active.exclude(ENROLLED).filter(
        two_factor_enabled=True
    )
    telling = Membership.objects.invited().filter(two_factor_enabled=True)
    known = active.filter(two_factor_level__isnull=False, user__two_factor_level__isnull=False)
    wrong_level = known.filter(ENROLLED, two_factor_enabled=True).exclude(level=F("user__two_factor_level"))
    renamed = Membership.objects.filter(user__isnull=False).exclude(username=F("user__username"))
    for row in wrong_mirror.select_related("organization").iterator():
        yield f"{row.organization}: {row} is mirrored as two_factor_enabled={row.two_factor_enabled}"
    for row in wrong_level.select_related("organization").iterator():
        yield f"{row.organization}: the level of {row} is copied as {row.level}"
    for row in telling.select_related("organization").iterator():
        yield f"{row.organization}: the invitation of {row} tells that it has two-factor authentication"
    for row in renamed.select_related("organization", "user").iterator():
        yield f"{row.organization}: {row} is called {row.user} now"


def addresses_are_copied() -> Iterator[str]:
    """Check the copies of members' addresses. An invitation must not have one: it would tell it."""
    if rows := named(wrongly_copied()):
        yield f"the addresses that owners search are not those of the members: {rows}"


def wrongly_ordered() -> QuerySet[Membership]:
    """Return the memberships whose copy of the organization's name is not that name in lower case."""
    return Membership.objects.exclude(organization_key=Lower("organization__name"))


def names_of_organizations_are_copied() -> Iterator[str]:
    if rows := named(wrongly_ordered()):
        yield f"the names by which people's own lists are sorted are not those of the organizations: {rows}"


def copy_names_again() -> int:
    """Correct wrong copies; return how many there were."""
    true = Organization.objects.filter(pk=OuterRef("organization_id")).values(key=Lower("name"))
    with unhurried():
        wrong = list(wrongly_ordered().order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(wrong), AT_ONCE):
        with unhurried(), transaction.atomic():
            rows = Membership.objects.filter(pk__in=wrong[start : start + AT_ONCE])
            rows.update(organization_key=Subquery(true[:1]))
    return len(wrong)


def invitations_reach_somebody() -> Iterator[str]:
    """Check that each invitation by email can be found by its address, which is compared in lower case."""
    by_mail = Membership.objects.invited().filter(user=None)
    if rows := named(by_mail.exclude(email__contains="@")):
        yield f"invitations are to no address: {rows}"
    if rows := named(by_mail.exclude(email=Lower("email"))):
        yield f"the addresses of invitations are not in lower case, so nobody can accept them: {rows}"


def tokens_are_sound() -> Iterator[str]:
    """Check that the hashes can match. Note tokens whose maker is gone or deactivated: they go on working."""
    if rows := named(OrganizationToken.objects.exclude(token_hash__regex=HASH)):
        yield f"OrganizationToken.token_hash is garbage in {rows}"
    makers = User.objects.filter(pk=OuterRef("created_by_id"))
    gone = OrganizationToken.objects.filter(~Exists(makers), created_by_id__isnull=False)
    for token in gone.select_related("organization").iterator():
        yield Note(f"{token.organization}: the account of {token.created_by}, who made {token}, is gone")
    asleep = OrganizationToken.objects.filter(Exists(makers.filter(is_active=False)))
    for token in asleep.select_related("organization").iterator():
        yield Note(
            f"{token.organization}: the account of {token.created_by}, who made {token}, is deactivated"
        )


def counted() -> QuerySet[Organization]:
    return Organization.objects.annotate(
        members=Count("memberships", filter=ACTIVE),
        texts_only=Count("memberships", filter=ACTIVE & TEXTS_ONLY),
        members_without=Count("memberships", filter=ACTIVE & Q(memberships__two_factor_enabled=False)),
        invitations=Count("memberships", filter=~ACTIVE & Q(memberships__isnull=False)),
    )


def wrongly_counted() -> QuerySet[Organization]:
    return counted().exclude(
        counts__members=F("members"),
        counts__members_without_two_factor=F("members_without"),
        counts__members_with_texts_only=F("texts_only"),
        counts__invited=F("invitations"),
    )


def counts_are_right() -> Iterator[str]:
    for organization in wrongly_counted().iterator():
        yield f"{organization}: the counts of its members are wrong"


def recount() -> int:
    """Correct wrong counts; return how many were wrong. A waiting transaction adds its change afterwards."""
    with unhurried():
        wrong = list(wrongly_counted().order_by("pk").values_list("pk", flat=True))
    for pk in wrong:
        with unhurried(), transaction.atomic():
            OrganizationCounts.objects.get_or_create(organization_id=pk)
            OrganizationCounts.objects.select_for_update(no_key=True).get(pk=pk)
            true = counted().get(pk=pk)
            OrganizationCounts.objects.filter(pk=pk).update(
                members=true.members,  # type: ignore[attr-defined]
                members_without_two_factor=true.members_without,  # type: ignore[attr-defined]
                members_with_texts_only=true.texts_only,  # type: ignore[attr-defined]
                invited=true.invitations,  # type: ignore[attr-defined]
            )
    return len(wrong)


CHECKS = {
    "owners of mandatory organizations are enrolled": Check(owners_are_enrolled, urgency=2),
    "every organization has an owner": Check(organizations_have_owners),
    "memberships mirror their users": Check(memberships_mirror_users),
    "addresses of members": Check(addresses_are_copied, repair=copy_again, mend="doctor --reconcile"),
    "names of organizations": Check(
        names_of_organizations_are_copied, repair=copy_names_again, mend="doctor --reconcile"
    ),
    "invitations": Check(invitations_reach_somebody),
    **LISTS,
    "tokens of organizations": Check(tokens_are_sound),
    "counts": Check(counts_are_right, repair=recount, urgency=6, mend="doctor --reconcile"),
}
