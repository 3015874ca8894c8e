"""Break each promise of docs/security.md on purpose, and see whether a test of its row notices: make mutants.

Every file of docs/mutants/ is a patch that breaks one promise as a tired colleague might; its name begins
with the row's id. What stands above the patch says what it does. A line `Database: postgresql` there chooses
the database, and `First: tests/...` the test that is tried first because it is likely to notice. Tests run in
a copy of the tracked files: the working tree stays as it is.
"""

import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from queue import SimpleQueue

from tests.support import postgres

ROOT = Path(__file__).resolve().parents[2]
PATCHES = ROOT / "docs" / "mutants"
TABLE = ROOT / "docs" / "security.md"

KILLED, SURVIVED, BROKEN, STALE = "killed", "SURVIVED", "BROKEN", "DOES NOT APPLY"
PASSED, FAILED = 0, 1  # pytest's exit codes; all others mean that it could not run
LONGEST = 600  # seconds for the tests of one mutant
# A mutant with one of these is no program: it would fail any test.
NO_PROGRAM = ("SyntaxError", "IndentationError", "ImportError", "ModuleNotFoundError", "NameError")
FIRST_FAILURE = re.compile(r"^(FAILED|ERROR) (\S+?)(?:\[.*\])?(?: - (.*))?$", re.MULTILINE)


@dataclass(frozen=True)
class Mutant:
    name: str
    patch: Path
    database: str
    first: str
    changes: tuple[str, ...]  # paths

    @classmethod
    def of(cls, patch):
        text = patch.read_text()
        said = dict(re.findall(r"^(Database|First): (\S+)$", text.partition("\n--- ")[0], re.MULTILINE))
        changes = tuple(re.findall(r"^\+\+\+ b/(\S+)$", text, re.MULTILINE))
        return cls(patch.stem, patch, said.get("Database", "sqlite"), said.get("First", ""), changes)

    @property
    def row(self):
        return self.name.partition("-")[0]


@dataclass(frozen=True)
class Outcome:
    mutant: Mutant
    verdict: str
    seconds: float
    remark: str = ""

    def __str__(self):
        return f"{self.verdict:<14} {self.seconds:5.1f} s  {self.mutant.name}  {self.remark}".rstrip()


def main(arguments):
    """Return the exit code: 0 if a test noticed every mutant."""
    options = parsed(arguments)
    mutants, reason = chosen(options.names), postgres.why_not()
    if not mutants:
        print("No mutant has such a name.")
        return 1
    if reason:
        left_out = [mutant.name for mutant in mutants if mutant.database == "postgresql"]
        mutants = [mutant for mutant in mutants if mutant.database != "postgresql"]
        print(f"== no PostgreSQL, so that these are left out: {', '.join(left_out)}: {reason}")
    began = time.monotonic()
    proofs = proofs_by_row()
    if not is_sound(mutants, proofs, options.jobs):
        print("== tests fail without any mutant, so that nothing can be said")
        return 1
    outcomes = try_all(mutants, proofs, options.jobs)
    return report(outcomes, time.monotonic() - began)


def parsed(arguments):
    parser = argparse.ArgumentParser(prog="make mutants", description="Break promises, and see who notices.")
    parser.add_argument("names", nargs="*", help="ids of rows (R4 I3) or names of patches; all without any")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count(), help="how many at once")
    return parser.parse_args(arguments)


# --- What there is ---


def all_mutants():
    """All mutants, in the order of the table."""
    mutants = [Mutant.of(patch) for patch in PATCHES.glob("*.patch")]
    return sorted(mutants, key=lambda mutant: (mutant.row[0] == "I", int(mutant.row[1:]), mutant.name))


def chosen(names):
    return [mutant for mutant in all_mutants() if not names or {mutant.row, mutant.name} & {*names}]


@cache
def proofs_by_row():
    """The tests that each row of the table of promises names, by its id."""
    rows = [line.strip("|").split("|") for line in TABLE.read_text().splitlines() if line.startswith("|")]
    promises = [(row[0].strip(), row[3]) for row in rows if len(row) == 4]
    return {promise: list(dict.fromkeys(re.findall(r"`([^`]+)`", proof))) for promise, proof in promises}


def tests_of(mutant, proofs):
    """The tests of its row, the likely one first."""
    return sorted(proofs[mutant.row], key=lambda test: test != mutant.first)


# --- Running them ---


def is_sound(mutants, proofs, jobs):
    """Whether the named tests pass as long as nothing is broken."""
    with tempfile.TemporaryDirectory(prefix="tfc-auth-mutants-") as place:
        copy = copied(Path(place))
        for database in sorted({mutant.database for mutant in mutants}, reverse=True):
            tests = {test for m in mutants if m.database == database for test in proofs[m.row]}
            print(f"== {len(tests)} tests on {database}, nothing broken", flush=True)
            code, output = pytest(copy, database, sorted(tests), f"--numprocesses={jobs}")
            if code != PASSED:
                print(output)
                return False
    return True


def copied(place):
    """Copy the tracked files as they are now; return where to."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)
    return place


def try_all(mutants, proofs, jobs):
    """Try all mutants, `jobs` at a time, each in a copy of its own; return their outcomes."""
    with tempfile.TemporaryDirectory(prefix="tfc-auth-mutants-") as place:
        copies = SimpleQueue()
        for number in range(jobs):
            copies.put(copied(Path(place) / str(number)))

        def outcome_of(mutant):
            copy = copies.get()
            try:
                return attempt(mutant, tests_of(mutant, proofs), copy)
            finally:
                copies.put(copy)

        outcomes = []
        with ThreadPoolExecutor(jobs) as pool:
            for outcome in pool.map(outcome_of, mutants):
                print(outcome, flush=True)
                outcomes.append(outcome)
    return outcomes


def attempt(mutant, tests, copy):
    """Apply one mutant to the copy, run the tests, and put the copy back; return the outcome."""
    began = time.monotonic()
    before = {copy / path: (copy / path).read_bytes() for path in mutant.changes if (copy / path).is_file()}
    try:
        if problem := applied(mutant.patch, copy):
            verdict, remark = STALE, problem
        elif problem := why_no_program(before, copy):
            verdict, remark = BROKEN, problem
        else:
            verdict, remark = judged(*pytest(copy, mutant.database, tests, "--numprocesses=0"))
    finally:
        for path, text in before.items():
            path.write_bytes(text)
            forget_compiled(path)
    return Outcome(mutant, verdict, time.monotonic() - began, remark)


def applied(patch, place, *options):
    """Apply a patch; return what git complains about, or ""."""
    command = ["git", "apply", "--unidiff-zero", "--whitespace=nowarn", *options, str(patch)]
    bounds = {**os.environ, "GIT_CEILING_DIRECTORIES": str(place.parent)}
    done = subprocess.run(command, cwd=place, env=bounds, capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else ""


def why_no_program(changed, copy):
    """What is wrong with changed files that can't run at all, or ""."""
    sources = [str(path) for path in changed if path.suffix == ".py"]
    for path in sources:
        forget_compiled(Path(path))
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--quiet", "--output-format=concise"]
    found = subprocess.run(
        [*command, "--select=E9,F821", *sources], cwd=copy, capture_output=True, text=True, check=False
    )
    return found.stdout.strip().partition("\n")[0] if sources and found.returncode else ""


def forget_compiled(path):
    """Compiled files are trusted by size and second, which a mutant and its original can share."""
    if path.suffix == ".py":
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)


def pytest(copy, database, tests, *options):
    """Return pytest's exit code and output; None for the code if it came to no end."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=line", "-rfE", *options, *tests]
    environment = {**os.environ, "TEST_DATABASE": database}
    try:
        done = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, timeout=LONGEST, check=False
        )
    except subprocess.TimeoutExpired:
        return None, ""
    return done.returncode, done.stdout + done.stderr


def judged(code, output):
    """Return the verdict and a remark: which test noticed, or what is wrong."""
    if code == PASSED:
        return SURVIVED, ""
    found = FIRST_FAILURE.search(output)
    if code != FAILED or found is None:
        return BROKEN, f"pytest ended with {code}: {output.strip().rpartition(chr(10))[2]}"
    kind, test, reason = found.groups(default="")
    # A test notices by what it asserts; what keeps it from beginning (ERROR) is another matter.
    if reason.startswith(NO_PROGRAM) or (kind == "ERROR" and not reason.lower().startswith("assert")):
        return BROKEN, f"{test}: {reason}"
    return KILLED, test


# --- What came of it ---


def report(outcomes, seconds):
    counts = {
        verdict: sum(outcome.verdict == verdict for outcome in outcomes) for verdict in (KILLED, SURVIVED)
    }
    rows = len({outcome.mutant.row for outcome in outcomes})
    others = [outcome for outcome in outcomes if outcome.verdict != KILLED]
    print(
        f"== {len(outcomes)} mutants of {rows} rows: {counts[KILLED]} killed, {counts[SURVIVED]} survived, "
        f"{len(others) - counts[SURVIVED]} to be mended; {seconds / 60:.1f} minutes"
    )
    for outcome in others:
        print(outcome)
    return 1 if others else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
