"""Verify a file of evidence (docs/guide/evidence.md). Exit code 0: valid, 1: not as signed, 2: can't tell.

With --public-key it needs no settings and no database: manage.py calls it before Django looks for them. So it
imports no models.
"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError

from accounts.evidence.public_keys import UnreadableKey, by_id, read_keys
from accounts.evidence.statements import Statement
from accounts.evidence.verification import Outcome, Verdict, verify

CODES = {Outcome.VALID: 0, Outcome.CHANGED: 1, Outcome.TRUNCATED: 1}
UNKNOWN = 2
WORDS = {
    Outcome.VALID: "VALID: this file is exactly as the site signed it.",
    Outcome.CHANGED: "CHANGED: this file is not what the site has signed.",
    Outcome.TRUNCATED: "TRUNCATED: this file has no complete signature.",
    Outcome.UNKNOWN_KEY: "UNKNOWN KEY: none of the known keys has signed this file.",
    Outcome.UNREADABLE: "NOT EVIDENCE: this file can't be verified.",
}
LINES = {
    "site": "site",
    "organization": "organization",
    "organization_id": "organization id",
    "taken_at": "state of",
    "exported_by": "exported by",
    "rows": "rows",
    "sha256": "SHA-256",
    "key": "key",
}


class Command(BaseCommand):
    requires_system_checks = ()
    help = (
        "Verifies an evidence file that an owner exported. With --public-key it needs neither the settings "
        "of the site nor its database. Exit code 0: valid. 1: changed or truncated, or of another site or "
        "organization. 2: the key is unknown, or the file isn't evidence."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the file, as it was downloaded")
        parser.add_argument(
            "--public-key",
            metavar="FILE_OR_HEX",
            help="saved public keys: the site's JSON file, a PEM file, or 64 hexadecimal digits",
        )
        parser.add_argument("--site", metavar="URL", help="the site that the file must come from")
        parser.add_argument(
            "--organization", metavar="NAME", help="the organization that the file must come from"
        )
        parser.add_argument("--json", action="store_true", dest="as_json", help="answer with a JSON object")

    def handle(self, *args: Any, file: str, as_json: bool, **options: Any) -> None:
        keys = self.keys(options["public_key"])
        try:
            with open(file, "rb") as opened:
                verdict = verify(opened, keys)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it can't be read"
            raise CommandError(f"{file}: {reason}.", returncode=UNKNOWN) from error
        other = of_another(verdict, site=options["site"], organization=options["organization"])
        code = 1 if other else CODES.get(verdict.outcome, UNKNOWN)
        self.stdout.write(as_object(verdict, code, other) if as_json else in_words(verdict, other, keys))
        sys.exit(code)

    def keys(self, given: str | None) -> dict[str, bytes]:
        """Return the public keys that somebody has saved, or those of this site."""
        if given is not None:
            try:
                return read_keys(given)
            except UnreadableKey as error:
                raise CommandError(str(error), returncode=UNKNOWN) from error
        rows = apps.get_model("accounts", "EvidenceKey")._default_manager.values_list("public_key", flat=True)
        return by_id(list(rows))


def of_another(verdict: Verdict, *, site: str | None, organization: str | None) -> str:
    """Say that a valid file is not of the site or organization that was asked for; "" if it is."""
    if verdict.outcome != Outcome.VALID or verdict.statement is None:
        return ""
    statement = verdict.statement
    if site is not None and site.rstrip("/") != statement.site.rstrip("/"):
        return f"It is from the site {statement.site}, not {site}."
    if organization is not None and organization.lower() != statement.organization.lower():
        return f"It is from the organization {statement.organization}, not {organization}."
    return ""


def in_words(verdict: Verdict, other: str, keys: Mapping[str, bytes]) -> str:
    lines = ["ANOTHER FILE: the signature is valid, but this is not what you asked for.", f"  {other}"]
    if not other:
        lines = [WORDS[verdict.outcome], *([f"  {verdict.hint}"] if verdict.hint else [])]
    if verdict.outcome == Outcome.UNKNOWN_KEY and verdict.statement is not None:
        lines.append(f"  It names the key {verdict.statement.key!a}. Known: {', '.join(keys) or 'none'}.")
    elif verdict.outcome == Outcome.VALID and verdict.statement is not None:
        lines += described(verdict.statement)
    return "\n".join(lines)


def described(statement: Statement) -> list[str]:
    """Return what a signature says, a line each. Only for a valid one: anybody can write something else."""
    return [f"  {words}: {getattr(statement, name)}" for name, words in LINES.items()]


def as_object(verdict: Verdict, code: int, other: str) -> str:
    is_valid = verdict.outcome == Outcome.VALID
    return json.dumps(
        {
            "valid": code == 0,
            "outcome": "another file" if other else verdict.outcome.value,
            "hint": other or verdict.hint,
            "evidence": asdict(verdict.statement) if is_valid and verdict.statement else None,
        },
        indent=2,
    )
