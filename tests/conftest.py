"""How the tests run: on which database, against which servers, with which browser.

The people are in tests/support/people.py: what is imported here before tests.support.environment finds no
Django.
"""

import os
import re
import socket
from contextlib import contextmanager

import pytest
from _pytest.mark.expression import Expression
from django.db import connections
from django.test import TransactionTestCase

from accounts.database.postgresql.base import DatabaseWrapper as PostgreSQL
from tests.support import environment
from tests.support.database import empty_tables
from tests.support.machine import (
    NO_GO_TFE,
    NO_MOUNTS,
    NO_NODE,
    NO_TERRAFORM,
    PRODUCTION,
    find_chromium,
    no_program,
)
from tests.support.marks import MARKS, WALKS
from tests.support.releases import NO_HISTORY
from tests.support.servers import start_site as start

pytest_plugins = [
    "tests.support.people",
    "tests.support.organizations",
    "tests.support.crawl_people",
    "tests.support.starts",
]

LOOPBACK = ("127.", "::1", "localhost")
CHROMIUM_OPTIONS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--disable-gpu",
]


# ---------------------------------------------------------------- the run


def pytest_configure(config):
    if environment.PROBLEM:
        pytest.exit(f"SKIPPED: {environment.PROBLEM}", returncode=1 if environment.IN_CI else 0)


def pytest_report_header():
    return f"database: {environment.KIND}"


def pytest_ignore_collect(collection_path, config):
    """Files of which this run takes nothing need not be read: together they take longer than most tests."""
    place, asked = collection_path.relative_to(environment.ROOT).as_posix(), config.option.markexpr
    if not collection_path.name.startswith("test_") or not asked:
        return None
    if set(re.findall(r"\w+", asked)) - {"and", "or", "not", *MARKS}:
        return None
    if any(test.startswith(f"{place}::") for tests in MARKS.values() for test in tests):
        return None
    marks = {mark for mark, tests in MARKS.items() if place.startswith(tests)}
    return not Expression.compile(asked).evaluate(lambda name, **_: name in marks) or None


@pytest.hookimpl(tryfirst=True)  # before -m looks at the marks
def pytest_collection_modifyitems(config, items):
    """Mark what depends on the database or does not, and what is long; plans are those of PostgreSQL."""
    items.sort(key=lambda item: not item.nodeid.startswith(WALKS))
    deselected = []
    for item in items:
        for mark, tests in MARKS.items():
            if item.nodeid.startswith(tests):
                item.add_marker(mark)
        if environment.KIND == "sqlite" and item.get_closest_marker("planner"):
            deselected.append(item)
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = [item for item in items if item not in deselected]


def skipped(config):
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return reporter.stats.get("skipped", []) if reporter else []


def reason_of(report):
    return report.longrepr[2].removeprefix("Skipped: ")


def may_be_skipped(report):
    """Some programs may be missing anywhere, and a database of others is not ours to stop.

    What is sent in the programs' place is tested beside them, and two parsers do without node.
    """
    reason = reason_of(report)
    if report.nodeid.startswith("tests/api/test_terraform.py"):
        return reason == NO_TERRAFORM
    if report.nodeid.startswith("tests/accounts/factors/test_otpauth.py"):
        return reason == NO_NODE
    if report.nodeid.startswith("tests/api/test_go_tfe.py"):
        return reason == NO_GO_TFE
    if report.nodeid.startswith("tests/production/"):
        return reason in {NO_HISTORY, NO_MOUNTS, *map(no_program, PRODUCTION)}
    return reason.startswith((environment.NOT_OURS_TO_STOP, environment.NOT_OURS_TO_READ))


def fails_ci(config):
    return environment.IN_CI and not all(map(may_be_skipped, skipped(config)))


def pytest_sessionfinish(session):
    """A machine that only skips is not green."""
    if fails_ci(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    reports = skipped(config)
    if reports:
        terminalreporter.section("what was skipped, and why", yellow=True)
    for report in reports:
        terminalreporter.line(f"{report.nodeid}: {reason_of(report)}")
    if fails_ci(config):
        terminalreporter.line("CI is set, where nothing may be skipped: this run has failed.", red=True)


# ---------------------------------------------------------------- the network


@pytest.fixture(autouse=True, scope="session")
def only_this_machine():
    """A test that talks to the rest of the world is an error, not a slow test."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family != socket.AF_UNIX and not str(address[0]).startswith(LOOPBACK):
            self.close()
            raise RuntimeError(f"a test tried to reach {address}")
        return connect(self, address)

    socket.socket.connect = guarded
    yield
    socket.socket.connect = connect


# ---------------------------------------------------------------- the database and the servers


@pytest.fixture(scope="session")
def django_db_modify_db_settings():
    """A database of its own for each run and worker; with SQLite a file, so that servers can use it, too."""
    settings = connections["default"].settings_dict
    settings["TEST"]["NAME"] = environment.test_database_name()
    if environment.KIND == "sqlite":
        # Nobody switches this machine off. The servers under test wait for the disk, as in production.
        settings["OPTIONS"] = {
            **settings["OPTIONS"],
            "init_command": settings["OPTIONS"]["init_command"].replace("FULL", "OFF"),
        }
    else:
        make_databases_without_hurry()


def make_databases_without_hurry():
    """To make and to drop one takes as long as the disk of a busy machine takes, and no page does that."""
    original = PostgreSQL._nodb_cursor

    @contextmanager
    def patient(self):
        with original(self) as cursor:
            cursor.db.patience = None
            cursor.execute("SET statement_timeout = 0")
            yield cursor

    PostgreSQL._nodb_cursor = patient


@pytest.fixture(autouse=True, scope="session")
def tidy_up_quickly():
    """After a test with real transactions: delete what it wrote, and keep the connection."""
    patch = pytest.MonkeyPatch()
    patch.setattr(TransactionTestCase, "_fixture_teardown", lambda test_case: empty_tables())
    patch.setattr(TransactionTestCase, "_should_reload_connections", lambda test_case: False)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def shared_site(django_db_setup):
    """The one server of this worker; tests use `live_site`, which also cleans up."""
    site = start(environment.test_database_url())
    yield site
    site.stop()


@pytest.fixture
def live_site(transactional_db, shared_site):
    """The real product, in processes of its own, on the same database as the test's own models.

    What the test writes with models the servers read, and the other way round; afterwards all of it is gone.
    """
    shared_site.forget_mails()
    return shared_site


@pytest.fixture
def start_site(transactional_db):
    """Start further servers on the same database, with other settings: start_site(SIGN_UP="closed")."""
    sites = []

    def begin(database_url=None, **options):
        sites.append(start(database_url or environment.test_database_url(), **options))
        return sites[-1]

    yield begin
    for site in sites:
        site.stop()


# ---------------------------------------------------------------- the browser


@pytest.fixture(scope="session")
def own_connection():
    return connections["default"]


@pytest.fixture(scope="session")
def playwright(own_connection, playwright):
    """Playwright runs an event loop in the tests' own thread, where Django would open another connection.

    Transactions that are open and reads that are prepared belong to the one from before, so it goes on.
    """
    connections["default"] = own_connection
    return playwright


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """The system's Chromium: Playwright's own would be a download."""
    found = find_chromium()
    if not found:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    return {
        **browser_type_launch_args,
        "executable_path": found,
        "chromium_sandbox": os.geteuid() != 0,
        "args": CHROMIUM_OPTIONS,
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args, shared_site):
    """page.goto("/session") goes to this worker's server; the test asks for `live_site` as well."""
    return {**browser_context_args, "base_url": shared_site.url}
