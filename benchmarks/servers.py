"""Start the measured servers: gunicorn, much as docs/deployment.md starts it."""

import http.client
import os
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.meters import children_of, ticks_of
from benchmarks.sites import ROOT, Site
from tests.support.process import Kept

SECONDS_TO_START = 60
WORKERS, THREADS = 2, 4


def environment(site: Site, database_url: str, hasher: str) -> dict[str, str]:
    """Return the whole environment of a site, without settings of the caller's environment."""
    system = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH") if name in os.environ
    }
    return system | {
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": site.settings,
        "DATABASE_URL": database_url,
        "PASSWORD_HASHER": hasher,
        "SECRET_KEY": "for-the-benchmark-and-for-nothing-but-the-benchmark",
        "ENCRYPTION_KEYS": "an-encryption-key-for-nothing-but-the-benchmark",
        "DEBUG": "0",
        "HTTPS": "0",
        "PLAIN_STATIC_FILES": "1",
        "ALLOWED_HOSTS": "127.0.0.1",
        "TRUSTED_PROXIES": "127.0.0.1",  # each client claims an address of its own
        "EMAIL_URL": "dummymail://",
        "SMS_BACKEND": "console",
        "API_REQUESTS_PER_SECOND": "1000000",  # one program sends requests without a pause
        "LOG_LEVEL": "ERROR",
        "THREADS_PER_PROCESS": str(THREADS),
    }


def run_inside(site: Site, variables: dict[str, str], people: int) -> str:
    """Create tables and people in the site's own process; return its output, JSON."""
    command = [site.python, "-W", "ignore", "-m", "benchmarks.inside", site.name, str(people)]
    done = subprocess.run(
        command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode:
        raise SystemExit(f"{site.name} could not be prepared:\n{done.stderr}")
    return done.stdout


@dataclass
class Server:
    kept: Kept
    port: int

    def cpu_seconds(self) -> float:
        """Return the CPU seconds that this server's processes have used, in ticks of usually 10 ms."""
        return sum(ticks_of(pid) for pid in (self.kept.pid, *children_of(self.kept.pid)))

    def stop(self) -> None:
        self.kept.stop()


def start(site: Site, variables: dict[str, str]) -> Server:
    directory = Path(tempfile.mkdtemp(prefix="tfc-auth-bench-"))
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listener:
        port = listener.getsockname()[1]
        command = [site.python, "-W", "ignore", "-m", "gunicorn", "--chdir", str(ROOT), "--preload"]
        command += ["--bind", f"fd://{listener.fileno()}", "--no-control-socket"]
        command += ["--workers", str(WORKERS), "--threads", str(THREADS), "--log-level", "warning"]
        command += ["--keep-alive", "30"]  # seconds: on a busy machine, no sign-in may lose its connection
        kept = Kept(
            [*command, "benchmarks.wsgi"],
            directory,
            environment=variables,
            file_descriptors=[listener.fileno()],
        )
    server = Server(kept, port)
    wait_until_up(server)
    return server


def wait_until_up(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS_TO_START)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except OSError:
        log = server.kept.log.read_text(errors="replace")
        server.stop()
        raise SystemExit(f"a server did not start:\n{log}") from None
    finally:
        connection.close()
    time.sleep(0.5)  # for the other workers
