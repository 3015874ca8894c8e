"""Disable two-factor authentication for a user who has lost every device and backup code."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.audit import Actor
from accounts.exceptions import RuleViolation
from accounts.management.prompts import user_named
from accounts.two_factor import removal


class Command(BaseCommand):
    help = "Disables a user's two-factor authentication. The change is recorded, and the user gets an email."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--reason", required=True, help="recorded and sent to the user")
        parser.add_argument(
            "--break-glass",
            action="store_true",
            help="do so even for an owner of an organization that requires it, who is then locked out",
        )

    def handle(self, *args: Any, username: str, reason: str, break_glass: bool, **options: Any) -> None:
        user = user_named(username)
        try:
            removal.disable(user, actor=Actor.command(), reason=reason, forced=break_glass)
        except RuleViolation as violation:
            raise CommandError(str(violation)) from violation
        self.stdout.write(f"Two-factor authentication of {user.username} is off.")
