"""Who on the same machine can read what the application writes (SF10)."""

import os
import re
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from accounts.checks.connections import private_database
from accounts.factors.sms.backends.console import ConsoleBackend
from tests.support.environment import ROOT
from tfc_auth.private_files import PrivateConnection, make_private_folder


@pytest.fixture(autouse=True)
def generous():
    """As most machines are: what a program does not care about can be read by everybody."""
    former = os.umask(0o022)
    yield
    os.umask(former)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def modes_below(folder):
    return {str(path.relative_to(folder)): oct(mode(path)) for path in sorted(folder.rglob("*"))}


def manage(*arguments, **environment):
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_sf10_a_new_database_and_all_beside_it_are_for_their_owner(tmp_path):
    path = tmp_path / "lib" / "tfc-auth" / "db.sqlite3"

    connection = sqlite3.connect(path, factory=PrivateConnection)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE secrets (a)")
    connection.commit()

    found = modes_below(tmp_path)
    assert set(found) > {"lib", "lib/tfc-auth", "lib/tfc-auth/db.sqlite3-wal", "lib/tfc-auth/db.sqlite3-shm"}
    assert {name: found[name] for name in ("lib", "lib/tfc-auth")} == {
        "lib": "0o700",
        "lib/tfc-auth": "0o700",
    }
    assert {found[name] for name in found if "sqlite3" in name} == {"0o600"}
    connection.close()


def test_sf10_so_is_a_rollback_journal(tmp_path):
    connection = sqlite3.connect(tmp_path / "db.sqlite3", factory=PrivateConnection)
    connection.execute("PRAGMA journal_mode=PERSIST")
    connection.execute("CREATE TABLE secrets (a)")
    connection.commit()
    connection.close()

    assert modes_below(tmp_path) == {"db.sqlite3": "0o600", "db.sqlite3-journal": "0o600"}


def test_sf10_an_existing_database_is_closed_to_others_and_keeps_its_data(tmp_path):
    path = tmp_path / "db.sqlite3"
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("CREATE TABLE kept (a)")
    writer.execute("INSERT INTO kept VALUES (1)")
    writer.commit()
    assert set(modes_below(tmp_path).values()) == {"0o644"}

    reader = sqlite3.connect(path, factory=PrivateConnection)

    assert reader.execute("SELECT a FROM kept").fetchall() == [(1,)]
    assert set(modes_below(tmp_path).values()) == {"0o600"}
    for connection in (reader, writer):
        connection.close()


def test_sf10_a_folder_that_is_there_is_left_as_it_is(tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)

    make_private_folder(shared / "ours" / "mail")

    assert modes_below(tmp_path) == {"shared": "0o755", "shared/ours": "0o700", "shared/ours/mail": "0o700"}


def test_sf10_a_database_that_can_not_be_made_is_an_error_of_the_database(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(sqlite3.OperationalError, match="unable to open database file"):
        sqlite3.connect(tmp_path / "file" / "db.sqlite3", factory=PrivateConnection)


def test_sf10_a_lock_is_kept_while_others_connect(tmp_path):
    """Opening and closing a database's file anew would release it."""
    path = tmp_path / "db.sqlite3"
    holder = sqlite3.connect(path, factory=PrivateConnection, isolation_level=None)
    holder.execute("CREATE TABLE t (a)")
    holder.execute("BEGIN EXCLUSIVE")
    path.chmod(0o644)

    sqlite3.connect(path, factory=PrivateConnection).close()

    attempt = (
        "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('INSERT INTO t VALUES (1)')"
    )
    other = subprocess.run([sys.executable, "-c", attempt, path], capture_output=True, text=True, check=False)
    assert "locked" in other.stderr
    holder.close()


def test_sf10_what_a_site_writes_is_for_its_owner(tmp_path):
    """Every command of the first start, as an operator runs them."""
    var = tmp_path / "var"
    environment = {
        "DATABASE_URL": f"sqlite:///{var / 'db.sqlite3'}",
        "DEBUG": "1",
        "MAIL_DIR": str(var / "mail"),
    }
    manage("migrate", "--verbosity", "0", **environment)
    manage("demo", **environment)
    manage("run_due_work", **environment)

    found = modes_below(var)
    assert mode(var) == 0o700
    assert found["db.sqlite3"] == "0o600"
    assert found["mail"] == "0o700"
    assert {value for name, value in found.items() if not name.startswith("mail/")} <= {"0o600", "0o700"}


def test_sf10_texts_of_development_are_for_their_owner(tmp_path, settings):
    settings.MAIL_DIR = tmp_path / "mail"

    ConsoleBackend().send(to="+15005550006", body="123456")

    assert mode(tmp_path / "mail") == 0o700
    assert [mode(path) for path in (tmp_path / "mail").iterdir()] == [0o600]


def test_sf10_looking_at_the_settings_writes_nothing(tmp_path):
    manage("diffsettings", DATABASE_URL=f"sqlite:///{tmp_path / 'var' / 'db.sqlite3'}")

    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- check --deploy


@pytest.fixture
def a_database(tmp_path, settings, monkeypatch):
    path = tmp_path / "var" / "db.sqlite3"
    path.parent.mkdir(mode=0o700)
    path.write_text("")
    path.chmod(0o600)
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)}
    monkeypatch.setitem(settings.DATABASES, "default", database)
    return path


@pytest.mark.parametrize(
    ("of_folder", "of_file", "expected"),
    [
        (0o700, 0o600, []),
        (0o755, 0o600, []),
        (0o700, 0o644, []),  # nobody gets there
        (0o755, 0o644, ["accounts.E020"]),
        (0o750, 0o640, ["accounts.E020"]),
        (0o711, 0o604, ["accounts.E020"]),
        (0o770, 0o600, ["accounts.E021"]),
        (0o777, 0o600, ["accounts.E021"]),
        (0o1777, 0o600, []),
        (0o777, 0o666, ["accounts.E020", "accounts.E021"]),
    ],
)
def test_sf10_check_deploy_finds_a_database_that_others_can_read(a_database, of_folder, of_file, expected):
    a_database.chmod(of_file)
    a_database.parent.chmod(of_folder)

    problems = private_database(None)

    assert [problem.id for problem in problems] == expected
    for problem in problems:
        assert re.search(rf"chmod (600|700) {re.escape(str(a_database.parent))}", problem.msg)


def test_sf10_check_deploy_needs_no_database_and_no_sqlite(settings, tmp_path, monkeypatch):
    for engine in ("sqlite3", "postgresql"):
        name = str(tmp_path / "none")
        database = {"ENGINE": f"django.db.backends.{engine}", "NAME": name}
        monkeypatch.setitem(settings.DATABASES, "default", database)
        assert private_database(None) == []


def test_sf10_nothing_else_is_written_without_a_mode():
    """Whoever writes a file decides who may read it; this list is what was decided so far."""
    writes = re.compile(
        r"(?<![.\w])open\(|\.open\(|write_text|write_bytes|mkdir|makedirs|mkdtemp|NamedTemporary"
    )
    known = {
        "accounts/factors/sms/backends/console.py",
        "accounts/management/checks/providers.py",  # opens a connection
        "accounts/metrics/slots.py",
        "tfc_auth/private_files.py",
        "accounts/environment.py",  # only reads
        "accounts/evidence/public_keys.py",  # only reads
        "accounts/management/commands/verify_evidence.py",  # only reads
        "accounts/outbox/smtp.py",  # opens a connection to the mail server
        "tfc_auth/version.py",  # only reads
    }

    found = {
        str(path.relative_to(ROOT))
        for application in ("accounts", "organizations", "tfc_auth")
        for path in Path(ROOT / application).rglob("*.py")
        if writes.search(path.read_text())
    }

    assert found <= known
