"""The benchmarks assert nothing. That they work, and that their figures are those shown, is asserted here."""

import subprocess
import sys

from benchmarks import summary
from tests.support.environment import KIND, ROOT, environment


def test_the_readme_has_the_figures_of_the_benchmark():
    results = (ROOT / "benchmarks" / "results.md").read_text()
    readme = (ROOT / "README.md").read_text()

    assert summary.put_into(readme, summary.found_in(results)) == readme
    assert summary.found_in(results) in readme


def test_a_small_run_measures_all_sites_and_sums_them_up(tmp_path):
    results = tmp_path / "results.md"
    options = ["--quick", "--rounds", "1", "--database", KIND, "--results", str(results)]

    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *options],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    if "Without PostgreSQL" in done.stderr:  # the server of DATABASE_URL is not asked
        return
    told = results.read_text()
    assert "statements of a complete login" in summary.found_in(told)
    assert {"**floor**", "**TFC Auth**"} <= {
        line.split("|")[1].strip() for line in told.splitlines() if "|" in line
    }
    # As many sites as could be installed, and a word on the others.
    assert ("**django-allauth**" in told) != ("Without django-two-factor-auth" in done.stderr)
