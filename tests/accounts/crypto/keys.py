"""Encryption keys to put into force, and the commands that tell of them."""

import io

from django.core.management import CommandError, call_command

from tests.support import environment

OLD = environment.environment["ENCRYPTION_KEYS"]
NEW = "the-new-key-for-tests-and-for-nothing-but-tests-0123456789"
WRONG = "a-key-that-never-sealed-anything-in-these-tests-0123456789"


def rotate(*options):
    """(what it printed, what it complained about)"""
    output = io.StringIO()
    try:
        call_command("rotate_encryption_keys", *options, stdout=output)
    except CommandError as error:
        return output.getvalue(), str(error)
    return output.getvalue(), ""


def doctor():
    """(exit code, what it printed)"""
    output = io.StringIO()
    try:
        call_command("doctor", stdout=output)
    except SystemExit as end:
        return end.code, output.getvalue()
    return 0, output.getvalue()
