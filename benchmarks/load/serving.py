"""Start either site with so many workers and threads, the product as docs/deployment.md starts it."""

import http.client
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers import environment
from benchmarks.sites import PRODUCT, Site
from tests.support.process import Kept

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS_TO_START = 60
BACKLOG = 1024  # connections
AUDIT = '"tfc_auth.audit"'
AS_DEPLOYED = ["--config", "python:tfc_auth.server", "tfc_auth.wsgi:application"]
PLAIN = ["--no-control-socket", "--log-level", "warning", "benchmarks.wsgi"]


def variables_of(site: Site, database_url: str) -> dict[str, str]:
    """Return the whole environment of a site, with the real hash."""
    variables = environment(site, database_url, "argon2")
    settings = "tfc_auth.settings" if site is PRODUCT else "benchmarks.load.floor_settings"
    return variables | {"DJANGO_SETTINGS_MODULE": settings}


def run_inside(variables: dict[str, str], module: str, *arguments: str) -> str:
    """Run a module in a process of the site; return what it prints."""
    command = [sys.executable, "-W", "ignore", "-m", module, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode:
        raise SystemExit(f"{module} failed:\n{done.stderr}")
    return done.stdout


@dataclass
class Workers:
    """A server, and the memory of its workers. Sizes are in kB."""

    kept: Kept
    port: int

    def workers(self) -> list[int]:
        return [pid for pid in processes() if parent_of(pid) == self.kept.pid]

    def memory(self) -> list[tuple[int, int]]:
        """Return RSS and PSS of each worker. PSS counts what processes share once, over all of them."""
        return [memory_of(pid) for pid in self.workers()]

    def complaints(self) -> str:
        """Return what the log says besides audit events, which are no errors."""
        lines = self.kept.log.read_text(errors="replace").splitlines()
        return "\n".join(line for line in lines if AUDIT not in line and " starts" not in line)


def processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def parent_of(pid: int) -> int | None:
    """Return the process that has started this one, or None if it has ended."""
    with suppress(OSError):
        # After the name, which may hold any character, come the state and the parent.
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return None


def memory_of(pid: int) -> tuple[int, int]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    sizes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    return sizes["Rss"], sizes["Pss"]


@contextmanager
def serving(site: Site, variables: dict[str, str], workers: int, threads: int) -> Iterator[Workers]:
    directory = Path(tempfile.mkdtemp(prefix="tfc-auth-load-"))
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listener:
        port = listener.getsockname()[1]
        command = [sys.executable, "-W", "ignore", "-m", "gunicorn", "--chdir", str(ROOT)]
        command += ["--bind", f"fd://{listener.fileno()}"]
        command += ["--workers", str(workers), "--threads", str(threads)]
        kept = Kept(
            [*command, *(AS_DEPLOYED if site is PRODUCT else PLAIN)],
            directory,
            environment=variables | {"THREADS_PER_PROCESS": str(threads)},
            file_descriptors=[listener.fileno()],
        )
    server = Workers(kept, port)
    try:
        wait_until_up(server, workers)
        yield server
    finally:
        kept.stop()


def wait_until_up(server: Workers, workers: int) -> None:
    """Wait until a worker answers, and all are there. Raises SystemExit with the log."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS_TO_START)
    try:
        connection.request("GET", "/healthz")
        connection.getresponse().read()
    except OSError:
        log = server.kept.log.read_text(errors="replace")
        raise SystemExit(f"a server did not start:\n{log}") from None
    finally:
        connection.close()
    end = time.monotonic() + SECONDS_TO_START
    while len(server.workers()) < workers and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(0.5)  # for what they load
