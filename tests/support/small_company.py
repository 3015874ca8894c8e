"""Four people and two organizations, for the pictures of README.md and the guide: alice enrols on camera."""

from django.db import transaction
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import User
from organizations import lifecycle
from organizations.management.demo.people import PASSWORD
from organizations.members import invitations


@transaction.atomic
def make_people():
    fields = {"email_confirmed_at": timezone.now()}
    people = {
        name: User.objects.create_user(name, f"{name}@example.com", PASSWORD, **fields)
        for name in ["alice", "bob", "carol"]
    }
    User.objects.create_user("root", "root@example.com", PASSWORD, is_staff=True, is_superuser=True, **fields)
    return people


def load():
    people = make_people()
    alice, bob, carol = people["alice"], people["bob"], people["carol"]
    acme = create("acme", alice)
    globex = create("globex", carol)
    join(acme, bob, invited_by=alice)
    join(acme, carol, invited_by=alice)
    invitations.invite(globex, "bob", actor=actor(carol))


def create(name, owner):
    return lifecycle.create_organization(name, f"hello@{name}.example", owner=owner, actor=actor(owner))


def join(organization, user, *, invited_by):
    invitation = invitations.invite(organization, user.username, actor=actor(invited_by))
    invitations.accept(invitation.pk, user=user, actor=actor(user))


def actor(user):
    return Actor(user=user, ip=None, user_agent="", door="command")
