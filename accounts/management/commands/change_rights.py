"""Set what a user may do on the admin site, also where no superuser can reach it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.audit import Actor
from accounts.exceptions import RuleViolation
from accounts.management.prompts import user_named
from accounts.users import administration
from accounts.users.rights import Rights, grantable


class Command(BaseCommand):
    help = (
        "Sets a user's rights on the admin site. Rights that you don't name are removed. The change is "
        "recorded, and the user gets an email."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--reason", required=True, help="recorded and sent to the user")
        rights = parser.add_mutually_exclusive_group(required=True)
        rights.add_argument("--superuser", action="store_true", help="give the user every right")
        rights.add_argument(
            "--staff",
            action="store_true",
            help="let the user open the admin site, with the rights that --may names",
        )
        rights.add_argument("--none", action="store_true", help="remove all rights")
        parser.add_argument(
            "--may",
            action="append",
            default=[],
            choices=sorted(grantable),
            metavar="PERMISSION",
            help=f"a right to give with --staff; can be repeated: {', '.join(grantable)}",
        )

    def handle(
        self,
        *args: Any,
        username: str,
        reason: str,
        superuser: bool,
        staff: bool,
        may: list[str],
        **options: Any,
    ) -> None:
        if may and not staff:
            raise CommandError("--may needs --staff.")
        user = user_named(username)
        rights = Rights.chosen(staff=staff, superuser=superuser, permissions=may)
        try:
            administration.change_rights(user, rights=rights, reason=reason, actor=Actor.command())
        except RuleViolation as violation:
            raise CommandError(str(violation)) from violation
        self.stdout.write(f"{user.username}: {'; '.join(rights.in_words())}.")
