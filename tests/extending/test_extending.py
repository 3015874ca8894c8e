"""docs/extending.md: the package that it shows is written as it stands there, and works."""

import os
import re
import subprocess
import sys

import pytest

from tests.support.environment import ROOT

PAGE = (ROOT / "docs" / "extending.md").read_text()
FILES = dict(re.findall(r"^`/srv/plugins/([^`]+)`\n\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs Python with the package of the page in force."""
    folder = tmp_path_factory.mktemp("plugins")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for name in re.findall(r"`/srv/plugins/(\S+/__init__\.py)`", PAGE):
        (folder / name).touch()
    # The inner run is a run of its own, not a worker of this one.
    ours = {name for name in os.environ if name.startswith(("TEST_RUN", "TEST_SERVER", "PYTEST_"))}
    inherited = {name: value for name, value in os.environ.items() if name not in ours}
    environment = inherited | {
        "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
        "DJANGO_SETTINGS_MODULE": "acme.settings",
        "TEST_SETTINGS": "acme.settings",
        "TEST_DATABASE": "sqlite",
        "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
    }

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_the_page_shows_a_whole_package():
    assert {name.rpartition("/")[2] for name in FILES} == {
        "settings.py",
        "texts.py",
        "apps.py",
        "models.py",
        "factor.py",
        "enrol.html",
    }


def test_the_package_of_the_page_works_and_keeps_the_contract_of_factors(run):
    run("manage.py", "makemigrations", "acme_token")
    assert "No changes" in run("manage.py", "makemigrations", "--check", "--dry-run")

    shown = run(
        *("-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "-k", "token or inside"),
        *("tests/extending/inside.py", "tests/accounts/factors/test_contract.py"),
    )

    assert int(re.search(r"(\d+) passed", shown)[1]) > 40, shown
