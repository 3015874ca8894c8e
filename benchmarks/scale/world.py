"""Make the crowd, with COPY, and the few people who act in the benchmark, as the product makes them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts.audit.actor import Actor
from accounts.crypto import seal
from accounts.factors.backup_codes.models import BackupCode, BackupCodeSet
from accounts.factors.totp.factor import sealing_context
from accounts.factors.totp.models import TOTPDevice
from accounts.models import (
    ApiToken,
    AuditEvent,
    MailWindow,
    OutboxMessage,
    RateLimit,
    RememberedBrowser,
    Session,
    User,
)
from accounts.tokens import issuing
from benchmarks.people import enrol
from benchmarks.scale.loading import NULL, copy, random_hash
from benchmarks.scale.sizes import HUNDREDTH, TENTH, Size
from benchmarks.sites import PASSWORD, Person
from organizations import lifecycle
from organizations.models import Membership, Organization, OrganizationCounts

BIG = "big"
FIRST = 1_000  # the id before that of the first of the crowd; those who act come before
NEWCOMERS = 12
CODES = 10  # of a set
PUT_OFF = 7  # attempts at a mail that waits for later
KNOWN_EVENT = "login.succeeded"
NOW = timezone.now()
STAMP = "0" * 32
CONTENT = {"name": "signed_in", "context": {}, "text": "x" * 600}


@dataclass(frozen=True)
class Cast:
    """Those who act: alice owns the big organization, carol has very much of everything, root is superuser.

    Members and newcomers are further ones, for what can be done once only.
    """

    people: dict[str, Person]
    tokens: dict[str, str]


def at(minutes: float) -> str:
    return (NOW + timedelta(minutes=minutes)).isoformat()


def ago(step: timedelta, most: int) -> Any:
    """Return a column of times in the past: number n is n steps ago, and after `most` it begins anew."""
    return lambda n: (NOW - step * (n % most)).isoformat()


def id_of(n: int) -> str:
    return str(FIRST + n)


def name_of(n: int) -> str:
    return f"m{n:07}"


def address_of(n: int) -> str:
    return f"m{n:07}@example.com"


def if_enrolled(value: str, otherwise: str) -> Any:
    return lambda n: value if n % TENTH == 0 else otherwise


def make(size: Size) -> Cast:
    """Create everything. Call within `loading()`."""
    cast = actors()
    big = Organization.objects.get(name=BIG)
    carol = User.objects.get(username="carol")
    crowd(size, big)
    two_factor(size)
    sessions(size, carol)
    organizations(size, carol)
    tokens(size, carol)
    events(size, carol)
    mails(size)
    counters(size)
    return cast


def actors() -> Cast:
    names = ["alice", "carol", "root", "dora", *(f"new{n:02}" for n in range(NEWCOMERS))]
    names += [f"bob{n:02}" for n in range(NEWCOMERS)]
    users = {
        name: User.objects.create_user(
            name, f"{name}@example.com", PASSWORD, email_confirmed_at=NOW - timedelta(days=400)
        )
        for name in names
    }
    User.objects.filter(username="root").update(is_staff=True, is_superuser=True, is_active=True)
    enrolled = ("alice", "carol", "root", *(name for name in names if name.startswith("new")))
    people = {
        name: Person(name, enrol(user) if name in enrolled else "", f"10.2.{number}.1")
        for number, (name, user) in enumerate(users.items())
    }
    actor = Actor.command()
    for user in users.values():
        user.refresh_from_db()
    organization = lifecycle.create_organization(BIG, "big@example.com", owner=users["alice"], actor=actor)
    members = [users["dora"], *(user for name, user in users.items() if name.startswith("bob"))]
    Membership.objects.bulk_create(
        Membership(
            organization=organization,
            user=user,
            username=user.username,
            address_key=user.email,
            status=Membership.Status.ACTIVE,
            joined_at=NOW,
            two_factor_enabled=user.is_enrolled,
            two_factor_level=user.level,
        )
        for user in members
    )
    Organization.objects.update(created_at=NOW - timedelta(days=300))
    User.objects.update(date_joined=NOW - timedelta(days=400))
    made = {
        name: issuing.create(users[name], description="scale", expires_at=None, verified=True, actor=actor)[1]
        for name in ("alice", "carol", "root")
    }
    return Cast(people, made)


def crowd(size: Size, big: Organization) -> None:
    """Users, all of whom are members; each tenth is enrolled, each hundredth an owner, who is."""
    numbers = range(1, size.people + 1)
    copy(
        User,
        numbers,
        id=id_of,
        username=name_of,
        email=address_of,
        password=make_password(PASSWORD),
        email_confirmed_at=at(-600_000),
        date_joined=ago(timedelta(minutes=1), 500_000),
        two_factor_enabled_at=if_enrolled(at(-500_000), NULL),
        two_factor_level=if_enrolled("2", "0"),
        security_stamp=STAMP,
    )
    copy(
        Membership,
        numbers,
        organization_id=big.pk,
        user_id=id_of,
        username=name_of,
        address_key=address_of,
        is_owner=lambda n: "t" if n % HUNDREDTH == 0 and n <= size.owners * HUNDREDTH else "f",
        status="active",
        two_factor_enabled=if_enrolled("t", "f"),
        two_factor_level=if_enrolled("2", "0"),
        joined_at=ago(timedelta(seconds=30), 1_000_000),
    )
    copy(
        Membership,
        range(1, size.invitations + 1),
        organization_id=big.pk,
        email=lambda n: f"i{n:07}@example.com",
        status="invited",
        invited_by="alice",
        expires_at=at(5_000),
    )
    members, without = Membership.objects.active(), Membership.objects.active().without_two_factor()
    OrganizationCounts.objects.filter(pk=big.pk).update(
        members=members.filter(organization=big).count(),
        members_without_two_factor=without.filter(organization=big).count(),
        invited=size.invitations,
    )


def two_factor(size: Size) -> None:
    """An app and ten codes for each tenth. All have the secrets of one of them: nobody signs in."""
    owner = FIRST + TENTH
    numbers = range(1, size.enrolled + 1)
    confirmed = {"confirmed": True, "confirmed_at": at(-500_000), "user_id": lambda n: id_of(n * TENTH)}
    copy(TOTPDevice, numbers, sealed_secret=seal("0" * 40, sealing_context(owner)), **confirmed)
    copy(BackupCodeSet, numbers, id=id_of, **confirmed)
    copy(
        BackupCode,
        range(size.enrolled * CODES),
        code_set_id=lambda n: id_of(n // CODES + 1),
        position=lambda n: str(n % CODES),
        digest=random_hash("code"),
        sealed_code=seal("0000-0000-0000", "code"),
    )


def sessions(size: Size, carol: User) -> None:
    """A session for each of the crowd, as old as can be; a remembered browser for each tenth."""
    times = {
        "created_at": ago(timedelta(seconds=1), 1_000_000),
        "last_used_at": ago(timedelta(seconds=1), 1_000_000),
        "expires_at": at(10_000),
        "ip": "203.0.113.7",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    }
    copy(
        Session,
        range(1, size.people + 1),
        key_hash=random_hash("session"),
        user_id=id_of,
        security_stamp=STAMP,
        **times,
    )
    own = {"user_id": carol.pk, "security_stamp": carol.security_stamp, **times}
    copy(Session, range(size.own), key_hash=random_hash("carol"), **own)
    times |= {"method": "app"}
    copy(
        RememberedBrowser,
        range(1, size.enrolled + 1),
        token_hash=random_hash("browser"),
        user_id=lambda n: id_of(n * TENTH),
        security_stamp=STAMP,
        **times,
    )
    own |= {"method": "app"}
    copy(RememberedBrowser, range(size.own), token_hash=random_hash("carol's browser"), **own)


def organizations(size: Size, carol: User) -> None:
    """The organizations of one person, and as many invitations."""
    first = 10_000
    copy(
        Organization,
        range(2 * size.own),
        id=lambda n: str(first + n),
        name=lambda n: f"team-{n:04}",
        email="team@example.com",
        collaborator_auth_policy=lambda n: "two_factor_mandatory" if n % 2 else "password",
    )
    copy(OrganizationCounts, range(2 * size.own), organization_id=lambda n: str(first + n), members=1)
    row = {
        "organization_id": lambda n: str(first + n),
        "user_id": carol.pk,
        "username": carol.username,
    }
    copy(
        Membership,
        range(size.own),
        status="active",
        is_owner=lambda n: "t" if n % 2 else "f",
        two_factor_enabled=True,
        two_factor_level=2,
        joined_at=at(-1_000),
        address_key=carol.email,
        **row,
    )
    invited = range(size.own, 2 * size.own)
    copy(Membership, invited, status="invited", invited_by="alice", expires_at=at(5_000), **row)


def tokens(size: Size, carol: User) -> None:
    usual = {"description": "a pipeline", "created_at": at(-20_000), "last_used_at": at(-10)}
    copy(
        ApiToken,
        range(1, size.people + 1),
        token_hash=random_hash("token"),
        owner_id=id_of,
        expires_at=lambda n: at(200_000 + n),
        **usual,
    )
    copy(ApiToken, range(size.own), token_hash=random_hash("carol's token"), owner_id=carol.pk, **usual)


def events(size: Size, carol: User) -> None:
    """One event for each of the crowd, and one in a hundred of all is carol's."""

    def of_carol(n: int) -> bool:
        return n % HUNDREDTH == 0

    copy(
        AuditEvent,
        range(1, size.people + 1),
        event=KNOWN_EVENT,
        actor=lambda n: "user:carol" if of_carol(n) else f"user:{name_of(n)}",
        subject=lambda n: "user:carol" if of_carol(n) else f"user:{name_of(n)}",
        user_id=lambda n: str(carol.pk) if of_carol(n) else id_of(n),
        ip="203.0.113.7",
        user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        door="html",
        request_id="0123456789abcdef0123456789abcdef",
        created_at=lambda n: (NOW - timedelta(seconds=30) * (size.people - n)).isoformat(),
    )


def mails(size: Size) -> None:
    """Mails that were sent within the week, and some that the mail server has put off."""
    copy(
        OutboxMessage,
        range(size.mails),
        created_at=ago(timedelta(seconds=5), 100_000),
        due_at=ago(timedelta(seconds=5), 100_000),
        sent_at=ago(timedelta(seconds=5), 100_000),
        expires_at=at(10_000),
        attempts=1,
    )
    later = {"due_at": at(55), "expires_at": at(10_000), "attempts": PUT_OFF}
    copy(OutboxMessage, range(size.mails), sealed=sealed(), **later)


def sealed() -> str:
    return seal("x" * 1_000, "outbox")


def counters(size: Size) -> None:
    """Counters of limits and windows of mails that are not over yet."""
    copy(
        RateLimit,
        range(size.enrolled),
        key=lambda n: f"action:user:{n}:86400",
        count=3,
        resets_at=at(600),
    )
    window = {"name": "new_browser", "closes_at": at(50), "count": 1}
    copy(MailWindow, range(size.owners), reader=lambda n: f"m{n:07}@example.com", **window)
