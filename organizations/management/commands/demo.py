"""Load demo users and organizations into an empty database, with DEBUG only."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import User
from organizations import lifecycle
from organizations.members import invitations
from organizations.models import Organization

PASSWORD = "quiet-copper-lantern"  # printed on purpose: it exists with DEBUG only
PEOPLE = {
    "alice": "owns acme",
    "bob": "member of acme, invited to globex",
    "carol": "owns globex, member of acme",
    "root": "site admin; enrol first, then see /admin/",
}


class Command(BaseCommand):
    help = "Loads demo data into an empty database (DEBUG only) and tells how to sign in."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("Demo accounts have known passwords: they exist with DEBUG=1 only.")
        if not User.objects.exists():
            load()
        self.tell()

    def tell(self) -> None:
        lines = [f"{settings.SITE_NAME}: {settings.SITE_URL}"]
        there = User.objects.filter(username__in=PEOPLE).values_list("username", flat=True)
        lines += [f"  {name:6} {PASSWORD}   {PEOPLE[name]}" for name in sorted(there)]
        if not there:
            lines.append("  The database is not empty, so no demo data were loaded.")
        lines.append(f"Mails: {settings.SITE_URL}/dev/outbox")
        self.stdout.write("\n".join(lines))


@transaction.atomic
def make_people() -> dict[str, User]:
    fields = {"email_confirmed_at": timezone.now()}
    people = {
        name: User.objects.create_user(name, f"{name}@example.com", PASSWORD, **fields)
        for name in ["alice", "bob", "carol"]
    }
    User.objects.create_user("root", "root@example.com", PASSWORD, is_staff=True, is_superuser=True, **fields)
    return people


def load() -> None:
    people = make_people()
    alice, bob, carol = people["alice"], people["bob"], people["carol"]
    acme = create("acme", alice)
    globex = create("globex", carol)
    join(acme, bob, invited_by=alice)
    join(acme, carol, invited_by=alice)
    invitations.invite(globex, "bob", actor=actor(carol))


def create(name: str, owner: User) -> Organization:
    return lifecycle.create_organization(name, f"hello@{name}.example", owner=owner, actor=actor(owner))


def join(organization: Organization, user: User, *, invited_by: User) -> None:
    invitation = invitations.invite(organization, user.username, actor=actor(invited_by))
    invitations.accept(invitation.pk, user=user, actor=actor(user))


def actor(user: User) -> Actor:
    return Actor(user=user, ip=None, user_agent="", door="command")
