"""HashiCorp's SDK for Go, as Debian has it: its own tests, against the running product.

docs/guide/api.md names each that fails, and why. One that passes again has to leave that list.
"""

import os
import re
import subprocess

import pytest

from tests.api.clients import token_of
from tests.support.environment import ROOT
from tests.support.machine import GO_TFE, NO_GO_TFE, has_go_tfe
from tests.support.people import make_user

# What this product is about; all others need workspaces.
FILES = [
    "organization_test.go",
    "organization_membership_test.go",
    "organization_token_test.go",
    "team_test.go",
    "team_member_test.go",
    "team_token_test.go",
    "user_test.go",
]
# go-tfe itself leaves these out.
LEFT_OUT = {"TestOrganizationsList", "TestOrganizationsCapacity", "TestOrganizationsRunQueue"}


def listed_in_guide():
    """The tests in the table of the guide."""
    rows = re.findall(r"^\|.*`Test\w+`.*$", (ROOT / "docs" / "guide" / "api.md").read_text(), re.MULTILINE)
    return set(re.findall(r"`(Test\w+)`", "\n".join(rows)))


def names_in_go_tfe():
    return re.findall(
        r"^func (Test\w+)", "\n".join((GO_TFE / name).read_text() for name in FILES), re.MULTILINE
    )


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The tests as one program, built without a network."""
    # Debian's package, which `make check` installs; elsewhere the run names it. What go-tfe sends and reads
    # is tested without it in test_omissions.py and test_documents.py.
    if not has_go_tfe():
        pytest.skip(NO_GO_TFE)
    directory = tmp_path_factory.mktemp("go")
    built = directory / "go-tfe.test"
    off = {"GO111MODULE": "off", "GOPROXY": "off", "GOFLAGS": "", "GOPATH": "/usr/share/gocode"}
    environment = {**os.environ, **off, "GOCACHE": str(directory / "cache")}
    command = ["go", "test", "-c", "-o", str(built), "github.com/hashicorp/go-tfe"]
    subprocess.run(command, env=environment, check=True, timeout=600)
    return built


def outcome(program, name, site):
    """("pass", "fail", "panic" or "skip", what it printed) of one test, with a new user."""
    secret = token_of(make_user(name.lower()[-40:]))  # as long as a name can be
    environment = {**os.environ, "TFE_ADDRESS": site.url, "TFE_TOKEN": secret}
    done = subprocess.run(
        [program, "-test.v", "-test.run", f"^{name}$"],
        cwd=GO_TFE,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if re.search(r"^panic:", done.stdout + done.stderr, re.MULTILINE):
        return "panic", done.stdout + done.stderr
    if re.search(r"--- SKIP", done.stdout):
        return "skip", done.stdout
    return ("fail" if done.returncode else "pass"), done.stdout


def test_af1_af2_go_tfes_own_tests_pass_but_for_what_the_guide_lists(program, live_site):
    expected = dict.fromkeys(listed_in_guide(), "fail") | dict.fromkeys(LEFT_OUT, "skip")
    names = names_in_go_tfe()
    wrong = []

    for name in names:
        found, printed = outcome(program, name, live_site)
        if found != expected.get(name, "pass"):
            wrong.append(f"{name}: {found}\n{printed[:1500]}")

    assert not wrong, "\n".join(wrong)
    assert expected.keys() <= set(names)
