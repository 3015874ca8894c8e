"""Which release this is: pyproject.toml says it once, and those who have to know can see it."""

import re
import shutil
import subprocess
import sys
import tomllib
from io import StringIO

from django.core.management import call_command

from accounts.factors.sms.backends.twilio import client as twilio_client
from tests.support.environment import ROOT, environment

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_of11_health_says_which_release_it_is(client):
    assert client.get("/healthz").content.decode() == f"ok\nTFC Auth {VERSION}\n"


def test_of11_the_guide_says_which_release_it_describes(client, db):
    for path in ("/docs", "/docs/two-factor"):
        assert f"This site runs TFC Auth {VERSION}." in client.get(path).content.decode()


def test_of11_other_pages_tell_strangers_nothing_of_it(client, db):
    for path in ("/session", "/account/new", "/nothing-here", "/readyz"):
        answer = client.get(path)
        assert VERSION not in answer.content.decode() + str(answer.headers), path


def test_of11_doctor_begins_with_it(transactional_db):
    output = StringIO()
    call_command("doctor", stdout=output)

    assert output.getvalue().partition("\n")[0] == f"TFC Auth {VERSION}"


def test_of11_twilio_is_told_which_release_calls(settings):
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "AC0", "token"
    headers = twilio_client().get_headers("GET", {})

    assert headers["User-Agent"].endswith(f" tfc-auth/{VERSION}")


def first_line(*command):
    """The first line that a service writes to its log; the service ends then."""
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as running:
        line = running.stdout.readline().decode()
        running.terminate()
        running.communicate(timeout=30)
    return line.strip()


def test_of11_both_services_begin_their_log_with_it(transactional_db):
    options = ["--config", "python:tfc_auth.server", "--bind", "127.0.0.1:0", "tfc_auth.wsgi"]

    assert first_line("-m", "gunicorn", *options).endswith(f"TFC Auth {VERSION} starts")
    assert first_line("manage.py", "run_due_work", "--loop", "60").endswith(f"TFC Auth {VERSION} starts")


def test_of11_the_changelog_begins_with_it():
    sections = re.findall(r"^## (\S+) \((.+)\)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert sections[0][0] == VERSION
    assert [when for _version, when in sections[1:] if when == "unreleased"] == []


def test_of11_a_release_without_its_version_does_not_start(tmp_path):
    """People who copy only the Python folders are told which file belongs to them."""
    for folder in ("tfc_auth", "accounts", "organizations"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "manage.py", tmp_path)

    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert f"{tmp_path}/pyproject.toml is part of the release" in done.stderr.splitlines()[-1]
