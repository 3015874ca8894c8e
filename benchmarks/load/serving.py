"""Start either site with so many workers and threads, the product as docs/deployment.md starts it."""

import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.servers import ROOT, Server, children_of, environment, wait_until_up
from benchmarks.sites import PRODUCT, Site
from tests.support.process import Kept

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


class Workers(Server):
    """A server, and the memory of its workers. Sizes are in kB."""

    def workers(self) -> list[int]:
        return children_of(self.kept.pid)

    def memory(self) -> list[tuple[int, int]]:
        """Return RSS and PSS of each worker. PSS counts what processes share once, over all of them."""
        return [memory_of(pid) for pid in self.workers()]

    def complaints(self) -> str:
        """Return what the log says besides audit events, which are no errors."""
        lines = self.kept.log.read_text(errors="replace").splitlines()
        return "\n".join(line for line in lines if AUDIT not in line and " starts" not in line)


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
    wait_until_up(server)
    try:
        yield server
    finally:
        server.stop()
