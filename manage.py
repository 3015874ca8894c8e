#!/usr/bin/env python
"""Django's command line."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError

from accounts.management.commands.verify_evidence import Command as VerifyEvidence


def main() -> None:
    if is_without_settings(sys.argv):
        VerifyEvidence().run_from_argv(sys.argv)
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tfc_auth.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:  # it says what to write, and a traceback would bury that
        if "--traceback" in sys.argv:
            raise
        sys.exit(str(error))
    except OperationalError as error:
        reason = next(iter(str(error).splitlines()), "")
        if "--traceback" in sys.argv or reason.startswith("no such "):  # tables that are missing (SQLite)
            raise
        sys.exit(
            f"The database does not answer ({reason}). Check that DATABASE_URL is right "
            "and that the server runs."
        )


def is_without_settings(argv: list[str]) -> bool:
    """Return whether an auditor runs this on a machine that has no settings of the site, and no database."""
    return argv[1:2] == ["verify_evidence"] and any(each.split("=")[0] == "--public-key" for each in argv)


if __name__ == "__main__":
    main()
