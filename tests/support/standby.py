"""A primary and a streaming standby of PostgreSQL, set up as docs/standby.md says; either can be killed."""

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import environ
import psycopg
from django.db import connections
from django.db.utils import load_backend

from tests.support import postgres
from tests.support.process import Kept
from tests.support.waiting import wait_until

# As in production: what was answered is on both disks. Little memory, because the machine is shared.
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "wal_log_hints": "on",
    "synchronous_commit": "on",
    "wal_retrieve_retry_interval": "200ms",
    "autovacuum": "off",
}
PORT = 5432  # of sockets, each in a directory of its own


class Node:
    """One server: its directory is its host."""

    def __init__(self, name, binaries, user):
        self.name, self.binaries, self.user = name, binaries, user
        self.directory = Path(tempfile.mkdtemp(prefix=f"tfc-auth-{name}-", dir=postgres.short_place()))
        if user:
            shutil.chown(self.directory, user, postgres.user_group(user))
        self.data = self.directory / "data"
        self.server = None

    def run(self, program, *arguments):
        """Run a program of PostgreSQL as the user of the server."""
        group = postgres.user_group(self.user) if self.user else None
        as_user = {"user": self.user, "group": group, "extra_groups": []} if self.user else {}
        command = [str(self.binaries / program), *arguments]
        done = subprocess.run(
            command, cwd="/", env=postgres.bare_environment(), capture_output=True, text=True, check=False,
            **as_user,
        )  # fmt: skip
        assert done.returncode == 0, f"{program}: {done.stderr}"
        return done.stdout

    def start(self):
        options = [f"-c{name}={value}" for name, value in SETTINGS.items()]
        command = [str(self.binaries / "postgres"), "-D", str(self.data), "-k", str(self.directory)]
        command += [f"-ccluster_name={self.name}", *options]
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        variables = postgres.bare_environment()
        self.server = Kept(command, self.directory, user=self.user, environment=variables)
        postgres.wait_until_ready(self.server)

    def kill(self):
        """Kill the server and all its processes at once, if it runs, as the loss of the machine does."""
        if self.server is None:
            return
        children = Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children").read_text().split()
        for pid in [self.server.pid, *map(int, children)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.server.keeper.wait()
        self.forget()

    def forget(self):
        self.server.keeper.stdin.close()
        self.server.keeper.stdout.close()
        self.server = None

    def remove(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def conninfo(self):
        return f"host={self.directory} port={PORT} user=postgres dbname=postgres"

    def ask(self, statement, *parameters):
        """The first column of the first row, or None."""
        with psycopg.connect(self.conninfo, autocommit=True) as connected:
            found = connected.execute(statement, parameters or None)
            row = found.fetchone() if found.description else None
        return row and row[0]

    def configure(self, **settings):
        for name, value in settings.items():
            self.ask(f"ALTER SYSTEM SET {name} = '{value}'")
        self.ask("SELECT pg_reload_conf()")

    def reset(self, setting):
        self.ask(f"ALTER SYSTEM RESET {setting}")
        self.ask("SELECT pg_reload_conf()")

    def log(self):
        return (self.directory / "log").read_text(errors="replace")


class Pair:
    """The two, and the address by which the site finds whichever takes writes."""

    def __init__(self):
        binaries, user = postgres.find_binaries(), postgres.unprivileged_user()
        self.first, self.second = (Node(name, binaries, user) for name in ["db1", "db2"])

    def nodes(self):
        return [self.first, self.second]

    def by_role(self):
        """(primary, other): the one that runs and takes writes comes first."""
        running = [node for node in self.nodes() if node.server is not None]
        primary = next(node for node in running if node.ask("SHOW transaction_read_only") == "off")
        return primary, self.second if primary is self.first else self.first

    def url(self, *nodes, **query):
        """The spelling of docs/standby.md."""
        hosts = ",".join(str(node.directory) for node in nodes or self.nodes())
        ports = ",".join(str(PORT) for _ in nodes or self.nodes())
        query = {"host": hosts, "port": ports, "target_session_attrs": "read-write"} | query
        return "postgres://postgres@/postgres?" + "&".join(f"{name}={text}" for name, text in query.items())

    def start_first(self):
        postgres.initialise(self.first.binaries, self.first.data, self.first.user)
        self.first.start()

    def attach(self, new, primary):
        """Make a server the synchronous standby of another one, as the guide says."""
        self.copy(new, primary)
        new.start()
        new.reset("synchronous_standby_names")  # for the day on which it is promoted
        primary.configure(synchronous_standby_names=new.name)
        wait_until(lambda: self.is_synchronous(primary), new.log)

    def copy(self, new, primary):
        """What a former primary has is kept beside it."""
        if new.data.exists():
            before = new.directory / "data.before"
            shutil.rmtree(before, ignore_errors=True)
            new.data.rename(before)
        target = ["--pgdata", str(new.data), "--write-recovery-conf", "--checkpoint", "fast", "--no-sync"]
        new.run("pg_basebackup", "--dbname", primary.conninfo, *target)

    def is_synchronous(self, primary):
        return primary.ask("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == 1

    def remove(self):
        for node in self.nodes():
            node.remove()


def promote(node):
    """As the guide says: `pg_ctl promote`, or this; it returns once the server takes writes."""
    assert node.ask("SELECT pg_promote(wait => true, wait_seconds => 30)")


@contextmanager
def models_on(url):
    """Let this process's models use another database: with the product's own backend and options."""
    config = environ.Env.db_url_config(url)
    usual = connections["default"]
    given = {**usual.settings_dict, **config, "ENGINE": "accounts.database.postgresql"}
    given["CONN_HEALTH_CHECKS"] = True
    wrapper = load_backend(given["ENGINE"]).DatabaseWrapper(given, "default")
    connections["default"] = wrapper
    try:
        yield wrapper
    finally:
        wrapper.close()
        connections["default"] = usual
