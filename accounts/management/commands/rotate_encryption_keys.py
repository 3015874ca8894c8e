"""Seal everything under the first of ENCRYPTION_KEYS, so that the other keys can be removed."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.audit import Actor
from accounts.crypto import rotation
from accounts.crypto.columns import sealed_columns
from accounts.crypto.rotation import Outcome, Progress
from accounts.database.timeouts import unhurried_transactions

SECONDS_BETWEEN_REPORTS = 1


class Command(BaseCommand):
    help = (
        "Encrypts every value again that was encrypted with an old key. First put the new key at the front "
        "of ENCRYPTION_KEYS and restart the site. Safe while the site runs; can be stopped and started again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="only count the values that need an old key"
        )

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        with unhurried_transactions():
            if dry_run:
                self.count()
            else:
                self.rotate()

    def count(self) -> None:
        unreadable = 0
        for column in sealed_columns.values():
            tally = column.tally()
            unreadable += tally.unreadable
            self.stdout.write(
                f"{column}: {tally.old} of {tally.total} need an old key, "
                f"{tally.unreadable} can't be decrypted"
            )
        if unreadable:
            raise CommandError(cannot_be_opened(unreadable))

    def rotate(self) -> None:
        self.reported_at = time.monotonic()
        outcomes = rotation.rotate(actor=Actor.command(), report=self.report)
        for outcome in outcomes:
            self.stdout.write(
                f"{outcome.last.column}: {outcome.last.rows} values, {outcome.resealed} encrypted again"
            )
        if problems := what_is_wrong(outcomes):
            raise CommandError(" ".join(problems))
        self.stdout.write("Every value is encrypted with the first key.")

    def report(self, progress: Progress) -> None:
        if time.monotonic() - self.reported_at < SECONDS_BETWEEN_REPORTS:
            return
        self.reported_at = time.monotonic()
        self.stdout.write(f"{progress.column}: {progress.looked_at} of {progress.rows} ...")
        self.stdout.flush()


def what_is_wrong(outcomes: list[Outcome]) -> list[str]:
    unreadable = sum(outcome.last.unreadable for outcome in outcomes)
    problems = [cannot_be_opened(unreadable)] if unreadable else []
    if any(not outcome.last.found_nothing for outcome in outcomes):
        problems.append(
            "New values still appear that need an old key. Restart every server that runs with the former "
            "list, and run this command again."
        )
    return problems


def cannot_be_opened(number: int) -> str:
    values = "1 value" if number == 1 else f"{number} values"
    return f"{values} can't be decrypted with any of ENCRYPTION_KEYS: add the missing key."
