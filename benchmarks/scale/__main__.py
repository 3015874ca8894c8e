"""make bench-scale: measure what grows, and write benchmarks/results-scale.md. Asserts nothing."""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.scale import report
from benchmarks.scale.sizes import SIZES
from benchmarks.servers import environment
from benchmarks.sites import PRODUCT
from tests.support import postgres

ROOT = Path(__file__).resolve().parent.parent.parent
RESULTS = ROOT / "benchmarks" / "results-scale.md"
MINUTES = 15
# The data is thrown away. Nothing cleans up behind our back: blocks are counted.
SETTINGS = postgres.SETTINGS | {
    "shared_preload_libraries": "pg_stat_statements",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "1h",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "100",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--times", type=int, default=3, help="how often to do each thing")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the file to write")
    options = parser.parse_args()
    began = time.monotonic()
    try:
        url, server = postgres.start(SETTINGS)
    except postgres.Unavailable as reason:
        raise SystemExit(f"This needs PostgreSQL with pg_stat_statements: {reason}") from None
    try:
        execute(url, "CREATE EXTENSION pg_stat_statements")
        figures = {size: measure(url, size, options.times) for size in sorted(options.sizes)}
    finally:
        server.stop()
    text = report.document(figures, time.monotonic() - began)
    options.results.write_text(text)
    print(text)
    print(f"Written to {options.results}.", file=sys.stderr)


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


def measure(url: str, people: int, times: int) -> dict[str, Any]:
    """Fill a database of this size, measure, and drop it. The work is done by a process of its own."""
    name = f"scale_{people}"
    execute(url, f"CREATE DATABASE {name}")
    with tempfile.TemporaryDirectory(prefix="tfc-auth-scale-") as directory:
        variables = environment(PRODUCT, url.replace("/postgres?", f"/{name}?"), "cheap") | {
            "DJANGO_SETTINGS_MODULE": "benchmarks.scale.settings",
            "METRICS_DIR": directory,
        }
        command = [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "benchmarks.scale.inside",
            str(people),
            str(times),
            name,
            url,
        ]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=variables,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            timeout=MINUTES * 60,
        )
    if done.returncode:
        raise SystemExit(f"{people:,} people could not be measured")
    execute(url, f"DROP DATABASE {name} WITH (FORCE)")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
