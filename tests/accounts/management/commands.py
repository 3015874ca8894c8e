"""Commands, as an administrator gives them."""

import subprocess
import sys
from io import StringIO

from django.core.management import call_command

from tests.support import environment
from tests.support.people import PASSWORD


def create_superuser(monkeypatch, username="root", email="root@example.com", password=PASSWORD):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", password)
    call_command("createsuperuser", username=username, email=email, noinput=True, stdout=StringIO())


def manage(*arguments, **options):
    variables = environment.environment | {"DATABASE_URL": environment.test_database_url()}
    command = [sys.executable, str(environment.ROOT / "manage.py"), *arguments]
    return subprocess.run(command, env=variables, capture_output=True, check=False, timeout=120, **options)


def run(name, *arguments):
    out = StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()
