"""What has to be settled before Django is loaded; tests/conftest.py imports this before anything else.

The process that begins a run makes the run's directory and, if asked, its PostgreSQL; the workers of
pytest-xdist inherit both. Nothing is shared between runs, so any number of them can go on side by side.
"""

import atexit
import os
import re
import tempfile
from pathlib import Path

import django
from django.conf import settings

from tests.support import postgres
from tests.support.process import Kept

ROOT = Path(__file__).resolve().parents[2]
KIND = os.environ.get("TEST_DATABASE", "sqlite")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")

# Why a test was left out that stops its server, where there is none but the one that DATABASE_URL names: that
# belongs to somebody else. It is said at the end, and fails no run.
NOT_OURS_TO_STOP = "the server of DATABASE_URL is not ours to stop, and no other can be started:"

# The same of a test that reads the log of the server.
NOT_OURS_TO_READ = "the server of DATABASE_URL has a log that is not ours to read"

# Why this run cannot take place, if so; tests/conftest.py ends it with these words.
PROBLEM = ""


def begin_run():
    """Make what all workers of this run share, and see to its end even if this process is killed."""
    run = Kept(["tail", "-f", "/dev/null"], tempfile.mkdtemp(prefix="tfc-auth-tests-"))
    atexit.register(run.stop)
    os.environ["TEST_RUN_DIRECTORY"] = str(run.directory)
    os.environ["TEST_SERVER_URL"] = server_url() if KIND == "postgresql" else ""


def server_url():
    """DATABASE_URL if it leads to a PostgreSQL, else that of a server of our own."""
    global PROBLEM
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith(("postgres://", "postgresql://")):
        return given
    try:
        url, server = postgres.start()
    except postgres.NotInstalled as reason:
        PROBLEM = f"the tests on PostgreSQL did not run: {reason}, or set DATABASE_URL"
        return ""
    except postgres.Unavailable as reason:
        PROBLEM = f"the tests on PostgreSQL did not run: {reason}"
        return ""
    atexit.register(server.stop)
    return url


def test_database_name():
    if KIND == "postgresql":
        run = re.sub(r"\W", "", RUN.name.rpartition("-")[2]).lower()
        return f"test_tfc_auth_{run}_{WORKER}"
    return str(RUN / f"{WORKER}.sqlite3")


def test_database_url():
    """DATABASE_URL of the database that the tests of this worker use, for processes beside it."""
    if KIND == "postgresql":
        server, _, query = os.environ["TEST_SERVER_URL"].partition("?")
        return f"{server.rpartition('/')[0]}/{test_database_name()}?{query}".rstrip("?")
    return f"sqlite:///{test_database_name()}"


def product_environment():
    """The environment of the product under test; what a developer's shell has set for it does not count."""
    kept = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    return kept | {
        # tests/extending/ runs some tests with settings of another package.
        "DJANGO_SETTINGS_MODULE": os.environ.get("TEST_SETTINGS", "tfc_auth.settings"),
        "DEBUG": "0",
        "HTTPS": "0",
        "SECRET_KEY": "a-secret-key-for-tests-and-for-nothing-but-tests-0123456789",
        "ENCRYPTION_KEYS": "an-encryption-key-for-tests-and-nothing-but-tests",
        "PASSWORD_HASHER": "cheap",
        "PLAIN_STATIC_FILES": "1",
        "SMS_BACKEND": "locmem",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        # Tests are faster than any program may be; tests/api/test_throttle.py sets it as it is.
        "API_REQUESTS_PER_SECOND": "1000000",
        "MAIL_DIR": str(RUN / "mail"),
        "DATABASE_URL": os.environ["TEST_SERVER_URL"] or f"sqlite:///{RUN / 'unused.sqlite3'}",
        # Playwright's synchronous interface runs an event loop in the tests' own thread.
        "DJANGO_ALLOW_ASYNC_UNSAFE": "1",
    }


SETTINGS = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

if KIND not in ("sqlite", "postgresql"):
    raise SystemExit(f"TEST_DATABASE={KIND} is neither sqlite nor postgresql")
if WORKER == "main":
    begin_run()
RUN = Path(os.environ["TEST_RUN_DIRECTORY"])
environment = product_environment()
os.environ.clear()
os.environ.update(environment)
django.setup()
# Without this every test client would look through all static files again.
settings.WHITENOISE_AUTOREFRESH = True
