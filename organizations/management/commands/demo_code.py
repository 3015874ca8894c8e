"""Print the code that the authenticator app of somebody in the demo shows now, with DEBUG only."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from organizations.management.demo import devices


class Command(BaseCommand):
    help = "Prints the code that the authenticator app of somebody in the demo shows now (DEBUG only)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", nargs="?", default="alice")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("This shows other people's codes, so it works only with DEBUG=1.")
        try:
            app = devices.app_of(username)
        except devices.NoApp:
            raise CommandError(f"{username} has no authenticator app. Try alice, erik or root.") from None
        if seconds := devices.seconds_until_unused(app):
            self.stdout.write(f"That code has been used. The next one comes in {seconds} seconds ...")
            self.stdout.flush()
            time.sleep(seconds)
        code, seconds, key = devices.shown_by(app)
        self.stdout.write(f"{code}   for {username}, {seconds} seconds left")
        self.stdout.write(f"To use your own app, enter this key: {key}")
