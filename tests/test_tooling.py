"""What make, the locks and the settings promise."""

import ast
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from contextlib import suppress

import pytest
from _pytest.mark.expression import Expression
from django.core.management import call_command
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from organizations.management.demo.people import PASSWORD
from tests.support import mutants, newest, runs
from tests.support.environment import KIND, NOT_OURS_TO_STOP, ROOT, SETTINGS, environment
from tests.support.machine import NO_TERRAFORM
from tests.support.marks import MARKS
from tests.support.process import Kept
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME = PROJECT["project"]["dependencies"]
DEVELOPMENT = PROJECT["dependency-groups"]["dev"]
PIN = re.compile(r"^([a-z0-9._-]+)(?:\[.*\])?==([^ ]+)", re.MULTILINE)


def pins(lock):
    return {canonicalize_name(name): version for name, version in PIN.findall((ROOT / lock).read_text())}


# ---------------------------------------------------------------- the locks


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_lock_names_no_address(lock):
    assert "://" not in (ROOT / lock).read_text()


def entries_without_hash(lock):
    entries = re.split(r"^(?=[a-z])", (ROOT / lock).read_text(), flags=re.MULTILINE)
    return [entry for entry in entries if entry.strip() and "--hash=sha256:" not in entry]


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_every_pin_has_hashes(lock):
    assert entries_without_hash(lock) == []


@pytest.mark.parametrize(
    ("lock", "requirements"),
    [("requirements.txt", RUNTIME), ("requirements-dev.txt", RUNTIME + DEVELOPMENT)],
    ids=["runtime", "development"],
)
def test_lock_fulfils_pyproject(lock, requirements):
    locked = pins(lock)

    for requirement in map(Requirement, requirements):
        version = locked[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{lock} has {requirement.name} {version}: make lock"


def test_both_locks_agree():
    assert pins("requirements.txt").items() <= pins("requirements-dev.txt").items()


# ---------------------------------------------------------------- make


def test_make_alone_lists_the_targets():
    makefile = (ROOT / "Makefile").read_text()
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE).group(1).split()

    shown = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    assert sorted(line.split()[1] for line in shown.splitlines()) == sorted(targets)


def test_continuous_integration_runs_make_check_and_that_every_test():
    needs = dict(re.findall(r"^([a-z-]+):([^#\n]*)", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert (ROOT / ".ci" / "run").read_text().rstrip().endswith("make check")
    assert "test-all" in needs["check"].split()
    assert needs["test-all"].split()[:2] == ["test", "test-rest"]


@pytest.mark.parametrize("parts", [runs.PARTS, runs.PARTS_WITHOUT], ids=["both", "SQLite only"])
def test_no_test_is_left_out_by_both_runs_or_run_by_both(parts):
    databases = {database for part in parts.values() for database, _marks in part}

    for database in databases:
        chosen = [
            Expression.compile(asked) for part in parts.values() for on, asked in part if on == database
        ]
        for marked in [set(), {"long"}, {"database"}, {"long", "database"}, {"once"}, {"long", "once"}]:
            times = sum(one.evaluate(lambda name, marked=marked, **_: name in marked) for one in chosen)
            expected = 0 if "once" in marked and database == "sqlite" and len(databases) == 2 else 1
            assert times == expected, f"marked {marked}: runs {times} times on {database}"


def test_marks_are_given_to_tests_that_are_there_in_the_order_of_their_names():
    for mark, tests in MARKS.items():
        named = [test.partition("::") for test in tests]
        assert [path for path, _, _ in named if not (ROOT / path).exists()] == [], mark
        functions = [(path, name) for path, _, name in named if name]
        assert [name for path, name in functions if f"def {name}" not in (ROOT / path).read_text()] == [], (
            mark
        )
        assert list(tests) == sorted(set(tests)), mark


def test_without_postgresql_everything_runs_on_sqlite_and_says_so(tmp_path):
    program = (
        "from tests.support import postgres, runs\n"
        "postgres.PLACES, postgres.embedded_package = [], lambda: None\n"
        "print(runs.parts_of('test'))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    said, chosen = done.stdout.splitlines()
    assert said.startswith("== no PostgreSQL, so that everything runs on SQLite only: no PostgreSQL on this")
    assert chosen == "[('sqlite', 'not long')]"


def run_as_ci(tmp_path, *arguments):
    """A run of pytest with CI set, on a machine that has next to nothing."""
    (tmp_path / "tail").symlink_to(shutil.which("tail"))
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=ROOT,
        env={"PATH": str(tmp_path), "HOME": str(tmp_path), "CI": "true"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_continuous_integration_names_terraform_where_it_is_missing_and_goes_on(tmp_path):
    done = run_as_ci(tmp_path, "tests/api/test_terraform.py", "-k", "test_terraform_login")

    assert done.returncode == 0, done.stdout
    assert f"test_terraform.py::test_terraform_login: {NO_TERRAFORM}" in done.stdout


def test_continuous_integration_fails_where_anything_else_is_missing(tmp_path):
    done = run_as_ci(tmp_path, "tests/browser", "-k", "test_codes_are_revealed_behind_sudo")

    assert done.returncode == 1, done.stdout
    assert "this run has failed" in done.stdout


# ---------------------------------------------------------------- the newest Django


def test_the_newest_django_runs_with_what_is_locked_otherwise(tmp_path):
    lock = tmp_path / "lock.txt"
    lock.write_text(newest.without_django((ROOT / "requirements-dev.txt").read_text()))

    assert pins("requirements-dev.txt").items() - pins(lock).items() == {
        ("django", pins("requirements.txt")["django"])
    }
    assert entries_without_hash(lock) == []


def test_the_newest_django_is_left_out_by_name_where_no_python_runs_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("NEXT_PYTHON", str(tmp_path / "python3.13"))

    assert newest.main([]) == 0
    assert capsys.readouterr().out == f"{newest.NONE}\n"


# ---------------------------------------------------------------- settings


def settings_read():
    """The names that tfc_auth/settings.py asks the environment for."""
    for node in ast.walk(ast.parse((ROOT / "tfc_auth" / "settings.py").read_text())):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = ast.unparse(node.func)
            if re.fullmatch(r"env\.\w+", called):
                yield node.args[0].value


def test_env_example_names_every_setting_and_no_other():
    assert set(settings_read()) == SETTINGS


# ---------------------------------------------------------------- the demo's door


def refusal(capsys, **options):
    with pytest.raises(SystemExit):
        call_command("run_demo", **options)
    return capsys.readouterr().err.strip()


@pytest.fixture
def debug(settings, monkeypatch):
    settings.DEBUG = True
    monkeypatch.delenv("INSECURE_DEMO", raising=False)


def test_demo_needs_debug(capsys):
    assert "DEBUG=1 only" in refusal(capsys)


def test_demo_is_not_offered_to_the_network(debug, capsys):
    assert "set INSECURE_DEMO=1" in refusal(capsys, host="0.0.0.0")


def test_demo_says_that_a_port_is_taken(debug, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert refusal(capsys, port=str(port)).startswith(f"Port {port} on localhost is taken")


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", ""])
def test_demo_says_that_a_port_is_none(debug, capsys, port):
    assert "is not a port number" in refusal(capsys, port=port)


def test_demo_says_that_a_host_is_none(debug, capsys):
    assert "neither an address nor a name" in refusal(capsys, host="no such host")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def answers(port):
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """What `make run` starts, with a database of its own."""
    folder, port = tmp_path_factory.mktemp("demo"), free_port()
    settings = {"DEBUG": "1", "DATABASE_URL": f"sqlite:///{folder}/demo.sqlite3", "MAIL_DIR": str(folder)}
    unset = {"SITE_URL", "LOG_FORMAT", "LOG_LEVEL", "EMAIL_URL"}
    others = {name: value for name, value in environment.items() if name not in unset}
    command = [sys.executable, str(ROOT / "manage.py"), "run_demo", f"--port={port}"]
    server = Kept(command, folder, environment=others | settings)
    wait_until(lambda: answers(port) or not server.running)
    server.url = f"http://localhost:{port}"
    yield server
    server.stop()


def test_demo_does_not_believe_that_it_is_behind_https(demo):
    """Then it would refuse this form, which does not say from which page it comes."""
    visitor = Visitor(demo.url)
    fields = visitor.get("/session").form().fields | {"username": "alice", "password": "wrong"}

    reply = visitor.post("/session", fields, X_Forwarded_Proto="https")

    assert reply.status == 422


def test_demo_is_at_localhost_and_other_names_of_this_machine_lead_there(demo):
    port = demo.url.rpartition(":")[2]

    for path, host in [("/", "127.0.0.1"), ("/session?next=/app", "127.0.0.1")]:
        reply = Visitor(f"http://{host}:{port}").get(path)
        assert (reply.status, reply.headers["Location"]) == (302, f"{demo.url}{path}")
    assert Visitor(f"http://127.0.0.1:{port}").get("/healthz").status == 200


def test_demo_writes_a_few_lines_and_nothing_between_them(demo):
    """Audit events of a sign-in are lines of JSON in production; here they come with LOG_FORMAT only."""
    visitor = Visitor(demo.url)
    fields = visitor.get("/session").form().fields | {"username": "newcomer", "password": PASSWORD}
    assert visitor.post("/session", fields).status == 302
    assert visitor.get("/nothing").status == 404

    written = demo.log.read_text()

    assert demo.url in written
    assert "{" not in written
    assert len(written.splitlines()) < 20, written


# ---------------------------------------------------------------- the tests' own servers


def test_what_a_killed_run_started_ends_with_it(tmp_path):
    program = (
        "import os; from tests.support import process\n"
        f"print(process.Kept(['sleep', '60'], {str(tmp_path / 'kept')!r}).pid, flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    (tmp_path / "kept").mkdir()

    killed = subprocess.run([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, check=False)

    wait_until(lambda: not (tmp_path / "kept").exists())
    with pytest.raises(ProcessLookupError):
        os.kill(int(killed.stdout), 0)


# Programs of PostgreSQL that the system has are not found from here on.
WITHOUT_PROGRAMS = """
import sys, pytest
from tests.support import postgres
postgres.PLACES, postgres.embedded_package = [], lambda: None
sys.exit(pytest.main(sys.argv[1:]))
"""

if KIND == "postgresql":

    def test_what_needs_a_server_of_its_own_is_named_where_there_is_none(tmp_path):
        """As on a continuous integration that offers a database server beside the machine."""
        left_out = "tests/test_dependencies.py::test_f5_the_database_stops_and_comes_back"
        settings = {"CI": "1", "DATABASE_URL": environment["DATABASE_URL"], "PATH": str(tmp_path)}

        run = subprocess.run(
            [sys.executable, "-c", WITHOUT_PROGRAMS, "-p", "no:cacheprovider", left_out],
            cwd=ROOT,
            env={"TEST_DATABASE": "postgresql"} | settings,
            capture_output=True,
            text=True,
            check=False,
        )

        assert f"{left_out}: {NOT_OURS_TO_STOP}" in run.stdout, run.stdout + run.stderr
        assert run.returncode == 0


# ---------------------------------------------------------------- mutants


@pytest.mark.parametrize(
    ("code", "output", "verdict"),
    [
        (0, "3 passed", mutants.SURVIVED),
        (1, "FAILED tests/test_x.py::test_y[a b] - assert 1 == 2", mutants.KILLED),
        (1, "ERROR tests/test_x.py::test_y - AssertionError: a fixture asserts, too", mutants.KILLED),
        (1, "FAILED tests/test_x.py::test_y - NameError: name 'x' is not defined", mutants.BROKEN),
        (1, "ERROR tests/test_x.py::test_y - RuntimeError: no server", mutants.BROKEN),
        (2, "interrupted", mutants.BROKEN),
        (4, "ERROR: not found: tests/test_x.py::test_z", mutants.BROKEN),
        (5, "no tests ran", mutants.BROKEN),
        (None, "", mutants.BROKEN),
    ],
)
def test_a_mutant_is_killed_by_a_test_that_fails_and_by_nothing_else(code, output, verdict):
    assert mutants.judged(code, output)[0] == verdict


@pytest.mark.parametrize(
    ("source", "verdict"),
    [("limit = 20\n", mutants.STALE), ("limit = 10\n", mutants.BROKEN)],
    ids=["of another time", "no program"],
)
def test_a_mutant_that_can_not_run_is_told_and_leaves_nothing_behind(tmp_path, source, verdict):
    patch, copy = tmp_path / "R4-x.patch", tmp_path / "copy"
    patch.write_text("--- a/limits.py\n+++ b/limits.py\n@@ -1 +1 @@\n-limit = 10\n+limit = million\n")
    copy.mkdir()
    (copy / "limits.py").write_text(source)

    assert mutants.attempt(mutants.Mutant.of(patch), [], copy).verdict == verdict
    assert (copy / "limits.py").read_text() == source
