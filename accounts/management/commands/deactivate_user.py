"""Deactivate a user's account, also where no admin can reach the admin site."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.audit import Actor
from accounts.exceptions import RuleViolation
from accounts.management.prompts import confirmed, user_named
from accounts.users import administration
from accounts.users.deactivation import warnings_about


class Command(BaseCommand):
    help = "Deactivates an account and ends its sessions. The change is recorded, and the user gets an email."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--reason", required=True, help="recorded and sent to the user")
        parser.add_argument(
            "--yes", action="store_true", help="ask nothing, even if an organization is left without an owner"
        )

    def handle(self, *args: Any, username: str, reason: str, yes: bool, **options: Any) -> None:
        user = user_named(username)
        for warning in warnings_about(user):
            self.stdout.write(warning)
            if not yes and not confirmed(f"Deactivate {user.username} anyway?"):
                raise CommandError("Nothing was changed.")
        try:
            changed = administration.deactivate(user, reason=reason, actor=Actor.command())
        except RuleViolation as violation:
            raise CommandError(str(violation)) from violation
        self.stdout.write(f"{user.username} is {'' if changed else 'already '}deactivated.")
