"""Print the code that the authenticator app of somebody in the demo shows now, with DEBUG only."""

import base64
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.factors.totp import steps
from accounts.factors.totp.factor import secret_of
from accounts.factors.totp.models import TOTPDevice
from organizations.management.demo.people import code_at


class Command(BaseCommand):
    help = "Prints the code that the authenticator app of somebody in the demo shows now (DEBUG only)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", nargs="?", default="alice")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("Nobody reads the codes of others: this works with DEBUG=1 only.")
        device = TOTPDevice.objects.filter(user__username=username, confirmed=True).first()
        if device is None:
            raise CommandError(f"{username} has no authenticator app. Try alice, erik or root.")
        if device.last_step >= steps.current():
            self.stdout.write(f"That code was used. The next one comes in {steps.until_next()} seconds ...")
            self.stdout.flush()
            time.sleep(steps.until_next())
        key = base64.b32encode(secret_of(device)).decode()
        self.stdout.write(
            f"{code_at(device, steps.current())}   for {username}, {steps.until_next()} seconds left\n"
            f"The key, for an app of your own: {key}"
        )
