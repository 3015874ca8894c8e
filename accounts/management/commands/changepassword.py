"""Set a user's password: replaces Django's command of the same name, and uses our verb."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.audit import Actor
from accounts.exceptions import RuleViolation
from accounts.management.prompts import PASSWORD_VARIABLE, new_password, user_named
from accounts.users import administration


class Command(BaseCommand):
    help = (
        "Sets a user's password and ends all their sessions. The change is recorded, and the user and all "
        "superusers get an email."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument(
            "--noinput",
            "--no-input",
            action="store_true",
            help=f"ask nothing; take the password from {PASSWORD_VARIABLE}",
        )

    def handle(self, *args: Any, username: str, noinput: bool, **options: Any) -> None:
        user = user_named(username)
        password = new_password(noinput=noinput)
        try:
            administration.set_password(user, password, actor=Actor.command())
        except RuleViolation as violation:
            raise CommandError(str(violation)) from violation
        self.stdout.write(f"{user.username} has a new password and is signed out everywhere.")
