"""Files of evidence are verified by tools that are not ours, with the commands of the guide as they stand."""

import re
import subprocess

import pytest

from tests.support import evidence
from tests.support.environment import ROOT
from tests.support.organizations import found

pytestmark = pytest.mark.django_db
GUIDE = (ROOT / "docs/guide/evidence.md").read_text()
SCRIPT = re.search(r"```sh\n(.*?)```", GUIDE, re.DOTALL)[1]
FOR_JSON = re.findall(r"`((?:tail|head) -n [^`]*)`", GUIDE)


def script(form):
    """The commands of the guide, with the two exchanged that it exchanges for JSON."""
    if form == "csv":
        return SCRIPT
    statement, digest = FOR_JSON
    lines = SCRIPT.splitlines()
    places = [number for number, line in enumerate(lines) if line.startswith(("tail", "sed '$d'"))]
    lines[places[0]], lines[places[1]] = statement, digest
    return "\n".join(lines)


def told(folder, data, form):
    """What the tools print of a file: (the signature is valid, the digest is that of the statement)"""
    name, key = f"acme.{form}", evidence.public_key()
    evidence.saved(folder, data, name)
    commands = re.sub(r"^file=.*", f"file={name}", script(form), flags=re.MULTILINE)
    commands = re.sub(r"^public_key=.*", f"public_key={key}", commands, flags=re.MULTILINE)
    output = subprocess.run(["sh", "-c", commands], cwd=folder, capture_output=True, text=True).stdout
    digest = re.search(r"^([0-9a-f]{64}) ", output, re.MULTILINE)[1]
    return "Signature Verified Successfully" in output, f'"sha256": "{digest}"' in output


@pytest.mark.parametrize("form", ["csv", "json"])
def test_ev_01_openssl_and_sha256sum_verify_a_file_as_the_guide_says(tmp_path, alice, bob, form):
    acme = found("acme", alice, members=[bob])
    data = evidence.exported(acme, alice, form)

    assert told(tmp_path, data, form) == (True, True)
    assert told(tmp_path, data.replace(b"bob", b"eve"), form) == (True, False), "the rows were changed"
    assert told(tmp_path, data.replace(b'acme"', b'evil"'), form)[0] is False, "the statement was changed"
