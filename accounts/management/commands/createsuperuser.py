"""Create a site admin: replaces Django's command of the same name, and uses our verb."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.audit import Actor
from accounts.exceptions import RuleViolation
from accounts.management.prompts import PASSWORD_VARIABLE, new_password
from accounts.models import validate_username
from accounts.typed import names
from accounts.users import registration
from accounts.users.validators import validate_address


class Command(BaseCommand):
    help = "Creates a superuser with a confirmed email address. All superusers get an email."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username")
        parser.add_argument("--email")
        parser.add_argument(
            "--noinput",
            "--no-input",
            action="store_true",
            help=f"ask nothing; take the password from {PASSWORD_VARIABLE}",
        )

    def handle(
        self, *args: Any, username: str | None, email: str | None, noinput: bool, **options: Any
    ) -> None:
        if noinput and not (username and email):
            raise CommandError(f"--noinput needs --username, --email and {PASSWORD_VARIABLE}.")
        try:
            username = names.name(username or input("Username: "))
            email = names.address(email or input("Email address: "))
        except EOFError:
            raise CommandError("You typed no username or no email address.") from None
        password = new_password(noinput=noinput)
        try:
            validate_username(username)
            validate_address(email)
            user = registration.create_superuser(username, email, password, actor=Actor.command())
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except RuleViolation as violation:
            raise CommandError(str(violation)) from violation
        self.stdout.write(
            f"{user.username} is a site admin. To open /admin/, set up two-factor authentication first."
        )
