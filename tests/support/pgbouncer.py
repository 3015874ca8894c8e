"""The PgBouncer of this machine, with the configuration of docs/deployment.md on a free port."""

import configparser
import io
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import psycopg

from tests.support.guide import blocks
from tests.support.machine import find_program
from tests.support.nginx import free_ports
from tests.support.postgres import unprivileged_user, user_group
from tests.support.process import Kept
from tests.support.waiting import wait_until

PROGRAM = find_program("pgbouncer")
# The first that hands connections on together with what their clients have prepared.
KEEPS_PREPARED_STATEMENTS = (1, 22)
DEVIATIONS = ("logfile", "pidfile", "unix_socket_dir")  # a process that ends with the test has none of them


def version():
    """Return (1, 18) of the program of this machine."""
    said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(number) for number in re.search(r"(\d+)\.(\d+)", said).groups())


class PgBouncer:
    """A running PgBouncer before the server of a DATABASE_URL; `url` is its own. Keywords are settings."""

    def __init__(self, url, role=None, password="", **settings):
        parts = urlsplit(url)
        self.database = parts.path.lstrip("/")
        self.server = {
            "host": parse_qs(parts.query).get("host", [parts.hostname])[0],
            "port": parts.port or 5432,
            "dbname": self.database,
        }
        self.role = role or unquote(parts.username or "")
        self.password = password or unquote(parts.password or "")
        self.settings = settings
        self.directory = Path(tempfile.mkdtemp(prefix="tfc-auth-pgbouncer-"))
        [self.port] = free_ports(1)
        self.url = f"postgres://{self.role}:{self.password}@127.0.0.1:{self.port}/{self.database}"
        self.environment = {"DATABASE_URL": self.url, "DATABASE_POOLER": "1"}
        self.start()

    def start(self):
        self.directory.mkdir(exist_ok=True)
        ini = self.directory / "pgbouncer.ini"
        ini.write_text(self.adapted())
        (self.directory / "userlist.txt").write_text(f'"{self.role}" "{self.password}"\n')
        user = unprivileged_user()  # it refuses to run as root
        if user:
            for path in (self.directory, *self.directory.iterdir()):
                shutil.chown(path, user, user_group(user))
        self.kept = Kept([PROGRAM, str(ini)], self.directory, user=user)
        wait_until(self.is_up, self.log)

    def adapted(self):
        """The guide's configuration, with this server, this port and these settings."""
        [text] = [block for block in blocks("ini") if "[pgbouncer]" in block]
        ini = configparser.ConfigParser(comment_prefixes=(";",))
        ini.optionxform = str
        ini.read_string(text)
        ini["databases"] = {
            self.database: " ".join(f"{name}={value}" for name, value in self.server.items() if value)
        }
        for name in DEVIATIONS:
            ini["pgbouncer"].pop(name)
        ini["pgbouncer"].update(
            {
                "listen_port": str(self.port),
                "auth_file": str(self.directory / "userlist.txt"),
                "unix_socket_dir": "",
                "admin_users": self.role,
                **self.settings,
            }
        )
        written = io.StringIO()
        ini.write(written)
        return written.getvalue()

    def is_up(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def log(self):
        return self.kept.log.read_text(errors="replace")

    def console(self, command):
        """Run a command of its console: PAUSE, RESUME, SHOW POOLS; return the rows, if there are any."""
        address = self.url.rpartition("/")[0] + "/pgbouncer"
        with psycopg.connect(address, autocommit=True, cursor_factory=psycopg.ClientCursor) as console:
            found = console.execute(command)
            names = [column.name for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found] if names else []

    def kill(self):
        """End it at once, as a crash would."""
        os.killpg(self.kept.pid, signal.SIGKILL)
        self.kept.keeper.wait()
        self.kept.keeper.stdin.close()
        self.kept.keeper.stdout.close()

    def stop(self):
        self.kept.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
