"""`/readyz` is 200 where people could sign in, and nowhere else (OF11)."""

import os
import subprocess
import sys
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Session
from tests.support import environment

pytestmark = pytest.mark.django_db(transaction=True)

NO_TABLES = """
import django
django.setup()
from django.test import Client
print(Client().get("/readyz").status_code, "")
"""
READ_ONLY_FOLDER = """
import os, shutil, subprocess, sys, django
django.setup()
from django.test import Client
folder = sys.argv[1]
print(Client().get("/readyz").content)
if os.geteuid() == 0:
    copy = folder + ".copy"
    shutil.copytree(folder, copy)
    subprocess.run(["mount", "--bind", copy, folder], check=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
else:
    os.chmod(os.path.join(folder, "db.sqlite3"), 0o400)
answer = Client().get("/readyz")
print(answer.status_code, answer.content, Client().get("/healthz").status_code)
"""


@contextmanager
def read_only():
    """The connection, as it is to a standby (PostgreSQL), or to a file that is read-only (SQLite)."""
    on, off = {
        "postgresql": ("SET default_transaction_read_only = on", "SET default_transaction_read_only = off"),
        "sqlite": ("PRAGMA query_only = 1", "PRAGMA query_only = 0"),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(on)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(off)


def test_of11_a_database_that_can_only_be_read_is_not_ready(alice):
    client = Client(raise_request_exception=False)
    assert client.get("/readyz").status_code == 200
    with read_only():
        answer = client.get("/readyz")
        assert (answer.status_code, answer.content) == (503, b"the database can be read only\n")
        assert client.get("/healthz").status_code == 200
        assert client.post("/session", {"username": "alice", "password": "x"}).status_code == 503
    assert client.get("/readyz").status_code == 200


def test_of11_asking_leaves_no_row_and_changes_none(client, alice):
    times = dict.fromkeys(("created_at", "last_used_at", "expires_at"), alice.date_joined)
    alice.sessions.create(key_hash="x", security_stamp="x", user_agent="a browser", **times)
    for _ in range(3):
        assert client.get("/readyz").status_code == 200

    assert Session.objects.get().user_agent == "a browser"


def test_of11_a_database_without_tables_is_not_ready(tmp_path):
    done = ask_in_process(tmp_path, NO_TABLES)

    assert done.stdout.startswith("503 "), done.stderr


def test_of11_a_disk_that_has_become_read_only_is_not_ready(tmp_path, db):
    if connection.vendor != "sqlite":
        return  # PostgreSQL's disk is the server's
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM INTO '{tmp_path}/db.sqlite3'")
    alone = []
    if os.geteuid() == 0:  # whom no mode stops: a mount of its own does
        alone = ["unshare", "-m", "sh", "-c", f'mount --bind {tmp_path} {tmp_path} && exec "$@"', "sh"]
        if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
            return  # in a container that may not mount

    done = ask_in_process(tmp_path, READ_ONLY_FOLDER, alone)

    assert done.stdout.splitlines() == ["b'ok\\n'", "503 b'the database can be read only\\n' 200"], (
        done.stderr
    )


def ask_in_process(folder, script, before=()):
    return subprocess.run(
        [*before, sys.executable, "-c", script, str(folder)],
        cwd=environment.ROOT,
        env={
            **os.environ,
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "DJANGO_SETTINGS_MODULE": "tfc_auth.settings",
            "PLAIN_STATIC_FILES": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
