"""People with many of everything, made by few statements: what pages cost them is counted."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import ApiToken, AuditEvent, RememberedBrowser, Session, User
from organizations.models import Membership, Organization, OrganizationCounts
from tests.support.organizations import found
from tests.support.people import make_user

SOON = timedelta(days=5)
WORKING = 10
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def organizations_of(user, prefix, number, **fields):
    """Make organizations, and this user a member of each, or invited to it."""
    made = Organization.objects.bulk_create(
        Organization(name=f"{prefix}-{n:04}", email="x@example.com") for n in range(number)
    )
    OrganizationCounts.objects.bulk_create(
        OrganizationCounts(organization=one, members=1, members_without_two_factor=1) for one in made
    )
    Membership.objects.bulk_create(
        Membership(
            organization=one,
            organization_key=one.name.lower(),
            user=user,
            username=user.username,
            **fields,
        )
        for one in made
    )


def person_with(number, name):
    """Return a person with so many organizations, invitations, tokens, sessions, browsers and events."""
    user, now = make_user(name), timezone.now()
    organizations_of(user, f"{name}-in", number, status="active", is_owner=True, joined_at=now)
    organizations_of(user, f"{name}-to", number, status="invited", expires_at=now + SOON, invited_by="eve")
    ApiToken.objects.bulk_create(
        # No more than a few may work, those that expired are listed as well.
        ApiToken(
            owner=user,
            token_hash=f"{name}{n}",
            description="nightly",
            expires_at=now + (SOON if n < WORKING else -SOON),
        )
        for n in range(number)
    )
    kept = {"security_stamp": user.security_stamp, "created_at": now, "last_used_at": now}
    kept |= {"expires_at": now + SOON, "user_agent": BROWSER}
    Session.objects.bulk_create(Session(user=user, key_hash=f"{name}{n}", **kept) for n in range(number))
    RememberedBrowser.objects.bulk_create(
        RememberedBrowser(user=user, token_hash=f"{name}{n}", **kept) for n in range(number)
    )
    AuditEvent.objects.bulk_create(
        AuditEvent(
            event="login.succeeded",
            actor=f"user:{name}",
            subject=f"user:{name}",
            user_id=user.pk,
            door="html",
        )
        for _ in range(number)
    )
    return user


def organization_with(number, name, owner):
    """Return an organization with so many further owners, without two-factor, and invitations by `owner`."""
    organization, now = found(name, owner), timezone.now()
    people = User.objects.bulk_create(
        User(username=f"{name}{n:04}", email=f"{name}{n:04}@example.com", email_confirmed_at=now)
        for n in range(number)
    )
    Membership.objects.bulk_create(
        Membership(
            organization=organization,
            user=one,
            username=one.username,
            address_key=one.email,
            is_owner=True,
            status="active",
            joined_at=now,
        )
        for one in people
    )
    Membership.objects.bulk_create(
        Membership(
            organization=organization,
            email=f"{name}-{n}@invited.example",
            status="invited",
            expires_at=now + SOON,
            invited_by=owner.username,
            invited_by_id=owner.pk,
        )
        for n in range(number)
    )
    ApiToken.objects.bulk_create(
        ApiToken(owner=one, token_hash=one.username, last_used_at=now) for one in people
    )
    OrganizationCounts.objects.filter(pk=organization.pk).update(
        members=number + 1, invited=number, members_without_two_factor=number + 1
    )
    return organization
