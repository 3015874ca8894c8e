"""`manage.py doctor`, as a monitor runs it."""

import io

from django.core.management import call_command


def doctor(*options):
    """(exit code, what it printed)"""
    output = io.StringIO()
    try:
        call_command("doctor", *options, stdout=output)
    except SystemExit as end:
        return end.code, output.getvalue()
    return 0, output.getvalue()
