"""Activate a user's account again, also where no admin can reach the admin site."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.audit import Actor
from accounts.exceptions import RuleViolation
from accounts.management.prompts import user_named
from accounts.users import administration


class Command(BaseCommand):
    help = "Reactivates an account. The change is recorded, and the user gets an email."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--reason", required=True, help="recorded and sent to the user")

    def handle(self, *args: Any, username: str, reason: str, **options: Any) -> None:
        user = user_named(username)
        try:
            changed = administration.reactivate(user, reason=reason, actor=Actor.command())
        except RuleViolation as violation:
            raise CommandError(str(violation)) from violation
        self.stdout.write(f"{user.username} is active{' again' if changed else ' already'}.")
