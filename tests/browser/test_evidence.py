"""An owner downloads evidence in a real browser, and an auditor verifies it with the saved keys alone."""

import subprocess
import sys

import pytest

from accounts.models import AuditEvent
from tests.support import evidence, people
from tests.support.environment import ROOT
from tests.support.organizations import found

pytestmark = pytest.mark.browser


def audited(*arguments):
    """The command on the auditor's machine: no settings, no database, nothing in the environment."""
    command = [sys.executable, "manage.py", "verify_evidence", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env={}, capture_output=True, text=True, timeout=60, check=False)


def saved(person, tmp_path, form):
    person.page.get_by_label(form).check()
    with person.page.expect_download() as download:
        person.page.get_by_role("button", name="Download").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_ev_08_an_owner_exports_and_an_auditor_verifies(open_browser, alice, bob, tmp_path):
    people.enrol(bob)
    found("acme", alice, members=[bob])
    person = open_browser(alice)
    person.sign_in()
    person.goto("/app/acme/settings/authentication")
    person.page.get_by_role("link", name="Export evidence").click()

    paths = [saved(person, tmp_path, form) for form in ("CSV", "JSON")]
    keys = tmp_path / "keys.json"
    with person.page.expect_response(lambda response: response.url.endswith(evidence.KEYS)) as served:
        person.page.get_by_role("link", name="Public keys of this site").click()
    keys.write_bytes(served.value.body())

    assert [path.name[:16] for path in paths] == ["acme-two-factor-"] * 2
    assert evidence.levels_of(paths[0].read_bytes(), "bob") == ["authenticator app"]
    assert evidence.levels_of(paths[0].read_bytes(), "alice") == ["none"]
    for path in paths:
        done = audited(path, "--public-key", keys, "--organization", "acme")
        assert (done.returncode, done.stderr) == (0, "")
        assert "exported by: alice" in done.stdout
    paths[0].write_bytes(paths[0].read_bytes().replace(b",none,", b",application,"))
    assert audited(paths[0], "--public-key", keys).returncode == 1
    assert AuditEvent.objects.filter(event=evidence.EXPORTED).count() == 2
