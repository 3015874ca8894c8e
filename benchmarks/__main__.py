"""make bench: measure, and write benchmarks/results.md. Asserts nothing."""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path

from benchmarks import databases, report, rounds
from tests.support.postgres import Unavailable

RESULTS = Path(__file__).resolve().parent / "results.md"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--minutes", type=float, default=7, help="begin no round after so long")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], help="only this one")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the file to write")
    options = parser.parse_args()
    kinds = [options.database] if options.database else ["postgresql", "sqlite"]
    seconds = options.minutes * 60 / len(kinds)
    figures = [found for kind in kinds if (found := measure(kind, options.rounds, seconds))]
    text = report.document(figures)
    options.results.write_text(text)
    print(text)
    say(f"Written to {options.results}.")


def measure(kind: str, number: int, seconds: float) -> rounds.Figures | None:
    with ExitStack() as stack:
        try:
            database = stack.enter_context(getattr(databases, kind)())
        except Unavailable as reason:
            say(f"Without PostgreSQL: {reason}")
            return None
        return rounds.run(database, number, seconds, say)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
