"""Give an organization that nobody can manage an owner again."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.audit import Actor
from accounts.exceptions import RuleViolation
from organizations.management.arguments import organization_named
from organizations.members import succession


class Command(BaseCommand):
    help = (
        "Makes a member the owner of an organization that has no active owner. It is recorded, and all "
        "members get an email. An organization with an active owner is left alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("organization")
        parser.add_argument("username", help="of a member who has accepted the invitation")
        parser.add_argument("--reason", required=True, help="recorded")

    def handle(self, *args: Any, organization: str, username: str, reason: str, **options: Any) -> None:
        found = organization_named(organization)
        try:
            made = succession.appoint(found, username, reason=reason, actor=Actor.command())
        except RuleViolation as violation:
            raise CommandError(str(violation)) from violation
        self.stdout.write(f"{made.username} is now an owner of {found.name}.")
