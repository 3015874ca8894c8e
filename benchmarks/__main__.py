"""make bench: measure, and write benchmarks/results.md and the table of the README. Asserts nothing."""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path

from benchmarks import databases, report, rounds, summary
from benchmarks.sites import OURS, PEERS, ROOT, Site, peers_installed
from benchmarks.stages import FULL, QUICK, Sizes
from tests.support.postgres import Unavailable

RESULTS = ROOT / "benchmarks" / "results.md"
README = ROOT / "README.md"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument(
        "--minutes", type=float, default=5, help="begin no round after so long, on each database"
    )
    parser.add_argument("--database", choices=["sqlite", "postgresql"], help="only this one")
    parser.add_argument("--quick", action="store_true", help="see that it works; the figures mean nothing")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the file to write")
    options = parser.parse_args()
    kinds = [options.database] if options.database else ["postgresql", "sqlite"]
    compared, sizes, seconds = sites(), QUICK if options.quick else FULL, options.minutes * 60
    figures = [found for kind in kinds if (found := measure(kind, compared, sizes, options.rounds, seconds))]
    text = report.document(figures)
    options.results.write_text(text)
    print(text)
    say(f"Written to {options.results}.")
    if options.results == RESULTS:
        README.write_text(summary.put_into(README.read_text(), summary.found_in(text)))


def sites() -> tuple[Site, ...]:
    if peers_installed():
        return (*OURS, *PEERS)
    names = " and ".join(peer.title for peer in PEERS)
    say(f"Without {names}: there is no .venv-peers, which `make bench` makes from the package index.")
    return OURS


def measure(
    kind: str, compared: tuple[Site, ...], sizes: Sizes, number: int, seconds: float
) -> rounds.Figures | None:
    with ExitStack() as stack:
        try:
            database = stack.enter_context(getattr(databases, kind)())
        except Unavailable as reason:
            say(f"Without PostgreSQL: {reason}")
            return None
        return rounds.run(database, compared, sizes, number, seconds, say)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
