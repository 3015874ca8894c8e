"""Deactivate a user's account, also where no admin can reach the admin site."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.audit import Actor
from accounts.exceptions import RuleViolation
from accounts.management.prompts import user_named
from accounts.users import administration, deactivation


class Command(BaseCommand):
    help = (
        "Deactivates an account and ends its sessions. It shows the organizations, tokens and invitations "
        "that the person leaves behind. The options decide what happens to them. The change is recorded, and "
        "the user gets an email."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--reason", required=True, help="recorded and sent to the user")
        for holding in deactivation.holdings.values():
            holding.add_arguments(parser)

    def handle(self, *args: Any, username: str, reason: str, **options: Any) -> None:
        user = user_named(username)
        if user.is_active:
            self.show(deactivation.held_by(user))
        try:
            changed = administration.deactivate(
                user,
                reason=reason,
                actor=Actor.command(),
                decisions=deactivation.decisions_by_options(user, options),
            )
        except RuleViolation as violation:
            raise CommandError(str(violation)) from violation
        self.stdout.write(f"{user.username} is {'' if changed else 'already '}deactivated.")

    def show(self, everything: list[deactivation.Held]) -> None:
        for held in everything:
            self.stdout.write(f"{held.title}:")
            for entry in held.entries:
                self.stdout.write(f"  {entry}")
