"""make load: two hundred people use the site at once. Writes benchmarks/results-load.md.

Exits with 1 if anything was answered that should not have been.
"""

import argparse
import sys
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path

from benchmarks import databases
from benchmarks.load import phases, report
from benchmarks.load.serving import ROOT
from tests.support.postgres import Unavailable

RESULTS = ROOT / "benchmarks" / "results-load.md"
PHASES = ("use", "logins", "memory", "shapes")
ONCE = ("memory", "shapes")  # on the first database only


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    for option in fields(phases.Options):
        parser.add_argument(f"--{option.name}", type=type(option.default), default=option.default)
    parser.add_argument("--database", choices=["postgresql", "sqlite"], help="only this one")
    parser.add_argument("--only", choices=PHASES, nargs="+", default=list(PHASES), help="only these")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the file to write")
    given = vars(parser.parse_args())
    kinds = [given.pop("database") or ""] if given["database"] else ["postgresql", "sqlite"]
    given.pop("database", None)
    only, results = given.pop("only"), given.pop("results")
    options = phases.Options(**given)
    figures = [
        measure(kind, [name for name in only if kind == kinds[0] or name not in ONCE], options)
        for kind in kinds
    ]
    found = [one for one in figures if one is not None]
    text = report.document(found, options)
    results.write_text(text)
    print(text)
    say(f"Written to {results}.")
    sys.exit(1 if any(one.has_errors for one in found) else 0)


def measure(kind: str, names: list[str], options: phases.Options) -> report.Figures | None:
    with ExitStack() as stack:
        try:
            database = stack.enter_context(getattr(databases, kind)())
        except Unavailable as reason:
            say(f"Without PostgreSQL: {reason}")
            return None
        figures = report.Figures(database.name)
        if "use" in names:
            say(f"{database.name}: {options.people} people")
            figures.use = phases.use_it(database, options, options.seconds, options.workers, options.threads)
        if "logins" in names:
            say(f"{database.name}: logins alone")
            figures.logins = phases.logins(database, options)
        if "memory" in names:
            say(f"{database.name}: {options.requests:,} requests to one worker")
            figures.memory = phases.memory(database, options)
        if "shapes" in names:
            say(f"{database.name}: threads against processes")
            figures.shapes = phases.shapes(database, options)
        return figures


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
