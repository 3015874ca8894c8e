"""The benchmarks of scale and load run, in a small form: nobody notices otherwise when they don't."""

import subprocess
import sys

import pytest

from benchmarks.load.answers import Answers
from benchmarks.load.phases import Options, Use
from benchmarks.load.report import Figures, document
from benchmarks.scale.report import growth
from tests.support.environment import KIND, ROOT


def run(module, *arguments):
    command = [sys.executable, "-W", "ignore", "-m", module, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)


def test_ten_people_use_the_site_without_an_error(tmp_path):
    results = tmp_path / "results.md"
    options = ["--people", "10", "--seconds", "20", "--think", "0.2", "--workers", "2", "--threads", "2"]

    done = run("benchmarks.load", "--database", KIND, "--only", "use", *options, "--results", str(results))

    assert done.returncode == 0, done.stderr + done.stdout
    text = results.read_text()
    for kind in ("code", "policy", "set-up: confirmed", "token made", "API", "removal", "sign out"):
        assert f"| {kind} |" in text
    assert "**no errors**" in text


def test_an_answer_that_should_not_be_fails_the_run():
    answers = Answers()
    answers.seconds = 1
    assert not Figures("SQLite").has_errors

    answers.fail("password", "503 instead of 302")

    used = Figures("SQLite", use=Use(4, 4, answers, 0, 0, "OperationalError: database is locked"))
    text = document([used], Options())
    assert used.has_errors
    assert "**1 error**" in text
    assert "password: 503 instead of 302 (1 times)" in text
    assert "in the log: OperationalError: database is locked (1 times)" in text


@pytest.mark.planner
def test_everything_that_may_grow_can_be_measured(tmp_path):
    results = tmp_path / "results.md"

    done = run("benchmarks.scale", "--sizes", "1000", "--times", "1", "--results", str(results))

    assert done.returncode == 0, done.stderr
    text = results.read_text()
    failing = [line for line in text.splitlines() if line.startswith("- ") and "(fails: " in line]
    assert failing == []
    for name in (
        "a complete login",
        "users, last page",
        "`run_due_work` with nothing to do",
        "accounts_auditevent",
    ):
        assert f"| {name} |" in text


def cost(**changes):
    usual = {"group": "Pages", "name": "a page", "reads_all": "", "failure": "", "ms": 10, "database_ms": 1}
    return usual | {"statements": 4, "blocks": 60, "calls": 20_000} | changes


@pytest.mark.parametrize(
    ("large", "told"),
    [
        (cost(blocks=110, calls=24_000, statements=5), []),
        (cost(blocks=600), ["blocks x 10.0"]),
        (cost(calls=200_000), ["function calls x 10.0"]),
        (cost(statements=40), ["statements x 10.0"]),
        (cost(calls=None, ms=5_000), ["time x 500"]),
        (cost(failure="503"), ["fails: 503"]),
    ],
)
def test_what_is_not_flat_is_named(large, told):
    assert growth([cost(), large]) == told
