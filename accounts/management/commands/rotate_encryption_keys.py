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
        "Seals anew what stands under an old key. Put the new key in front of ENCRYPTION_KEYS first and "
        "restart the site. Safe while the site runs; can be killed and started again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count what stands under an old key")

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
                f"{column}: {tally.old} of {tally.total} under an old key, "
                f"{tally.unreadable} cannot be opened"
            )
        if unreadable:
            raise CommandError(cannot_be_opened(unreadable))

    def rotate(self) -> None:
        self.reported_at = time.monotonic()
        outcomes = rotation.rotate(actor=Actor.command(), report=self.report)
        for outcome in outcomes:
            self.stdout.write(
                f"{outcome.last.column}: {outcome.last.rows} values, {outcome.resealed} sealed anew"
            )
        if problems := what_is_wrong(outcomes):
            raise CommandError(" ".join(problems))
        self.stdout.write("Everything stands under the first key.")

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
            "Values under an old key keep appearing: does a server still run with the former list? "
            "Restart it, and run this again."
        )
    return problems


def cannot_be_opened(number: int) -> str:
    return (
        f"{number} values cannot be opened by any entry of ENCRYPTION_KEYS, and are as they were: "
        "add the key that is missing."
    )
