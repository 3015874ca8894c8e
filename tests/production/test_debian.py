"""docs/debian.md, carried out line by line on a new Debian machine, up to a first sign-in with Chromium.

Its systemd is Debian's, begun in namespaces of its own. What stands for the rest of the world is in
INSTEAD: a mail server, a certificate authority, and a package index.
"""

import os
import re
import subprocess
import sys
from email import message_from_bytes, policy
from types import SimpleNamespace

import pexpect
import pytest

from tests.browser.conftest import Person
from tests.conftest import CHROMIUM_OPTIONS
from tests.support.debian import MAILBOX, Debian
from tests.support.environment import ROOT
from tests.support.machine import find_chromium, find_program, no_program
from tests.support.people import PASSWORD
from tests.support.waiting import wait_until

HOST = "auth.example.com"
NAME, ADDRESS = "root", "root@example.com"
PAGE = (ROOT / "docs" / "debian.md").read_text()
PIP = "[global]\nno-index = true\nfind-links = /wheels\n"
# What the page says, and what is done instead, because this machine's network ends here.
CERTIFICATE = f"""
mkdir --parents /etc/letsencrypt/live/$HOST
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=$HOST \\
    -addext subjectAltName=DNS:$HOST -keyout /etc/letsencrypt/live/$HOST/privkey.pem \\
    -out /etc/letsencrypt/live/$HOST/fullchain.pem
cp /etc/letsencrypt/live/$HOST/fullchain.pem /usr/local/share/ca-certificates/{HOST}.crt
update-ca-certificates
"""
INSTEAD = {
    r"^MAIL_SERVER=.*$": "MAIL_SERVER=smtp://127.0.0.1:25",
    r"^certbot certonly(?:.*\\\n)*.*$": CERTIFICATE,
    r"^sleep 120$": "sleep 1",
}
STOPS_AT = "9. Backups"  # where people sign in
PROMPTS = {
    "Username": NAME,
    "Email address": ADDRESS,
    "Password:": PASSWORD,
    r"Password \(again\)": PASSWORD,
}

pytestmark = [
    pytest.mark.skipif(find_program("mmdebstrap") is None, reason=no_program("mmdebstrap")),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a machine in namespaces"),
]


def script():
    """The commands of the page, in their order, with its headings."""
    lines = []
    for heading, block in re.findall(r"^## ([^\n]+)$|^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        if heading:
            lines += [f"echo; echo '=== {heading}'"]
        lines += ["read -r _"] if heading == STOPS_AT else []
        lines += [block]
    text = "\n".join(lines)
    for said, done in INSTEAD.items():
        text, count = re.subn(said, lambda _, done=done: done, text, flags=re.MULTILINE)
        assert count == 1, said
    return text


def packages():
    [line] = re.findall(r"^apt-get install .*$", PAGE, re.MULTILINE)
    return [word for word in line.split()[2:] if not word.startswith("-")]


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    wheels = tmp_path_factory.mktemp("wheels")
    fetch = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-qq",
        "--disable-pip-version-check",
        "--require-hashes",
    ]
    subprocess.run([*fetch, "-r", ROOT / "requirements.txt", "-d", wheels], check=True)
    machine = Debian(packages())
    try:
        (machine.root / "wheels").mkdir()
        for wheel in wheels.iterdir():
            wheel.rename(machine.root / "wheels" / wheel.name)
        machine.put("/etc/pip.conf", PIP)
        machine.put("/etc/hosts", f"127.0.0.1 localhost {HOST}\n")
        machine.put("/srv/guide.sh", script())
        files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
        release = machine.root / "srv" / "tfc-auth.tar.gz"
        pack = ["tar", "--create", "--gzip", "--null", "--files-from=-", f"--file={release}"]
        subprocess.run(pack, cwd=ROOT, check=True, input=files)
        machine.run(
            f"systemd-run --unit=mail python3 -m aiosmtpd -n -l 127.0.0.1:25 "
            f"-c aiosmtpd.handlers.Mailbox {MAILBOX}"
        )
        yield machine
    finally:
        machine.stop()


@pytest.fixture(scope="module")
def guide(machine):
    """The guide, being followed; it waits where people sign in."""
    command, *arguments = machine.inside("bash", "-ex", "/srv/guide.sh")
    terminal = pexpect.spawn(command, arguments, timeout=300, encoding="utf-8", logfile=sys.stdout)
    terminal.setwinsize(50, 200)
    return terminal


def go_on_until(machine, guide, heading):
    """Answer what is asked until that heading; the end of the script before it is a failure."""
    asked = [*PROMPTS, rf"\n=== {re.escape(heading)}", pexpect.EOF]
    while (found := guide.expect(asked)) < len(PROMPTS):
        guide.sendline(PROMPTS[asked[found]])
    assert found == len(PROMPTS), machine.run("journalctl --no-pager --lines 60 --unit 'tfc-auth-*'").stdout


@pytest.fixture
def browser(machine, playwright, tmp_path):
    """Chromium, in the network of the machine."""
    program = tmp_path / "chromium"
    program.write_text(f'#!/bin/sh\nexec nsenter --net={machine.net} {find_chromium()} "$@"\n')
    program.chmod(0o755)
    options = [*CHROMIUM_OPTIONS, f"--host-resolver-rules=MAP {HOST} 127.0.0.1"]
    browser = playwright.chromium.launch(executable_path=program, chromium_sandbox=False, args=options)
    yield browser
    browser.close()


def owner(browser):
    """The person whose account the guide made, with a browser that knows nothing yet."""
    page = browser.new_page(base_url=f"https://{HOST}", ignore_https_errors=True)
    return Person(SimpleNamespace(username=NAME), page)


def mails(machine):
    """What the machine's mail server has taken."""
    taken = machine.root / MAILBOX.lstrip("/") / "new"
    return [message_from_bytes(mail.read_bytes(), policy=policy.default) for mail in taken.glob("*")]


def runs_and_is_closed_to_others(machine):
    """Check what the guide leaves behind."""
    assert machine.run("systemctl --failed --no-legend").stdout == ""
    wanted = {
        "/etc/tfc-auth.env": "640 root:tfc-auth",
        "/etc/tfc-auth-owner.env": "600 root:root",
        "/opt/tfc-auth/var": "700 tfc-auth:tfc-auth",
        "/var/lib/tfc-auth-backups": "700 postgres:postgres",
    }
    for path, modes in wanted.items():
        found = machine.run(f"stat --format '%a %U:%G' {path}").stdout.strip()
        assert found == modes, path
    assert (
        machine.run("find /opt/tfc-auth -path /opt/tfc-auth/var -prune -o ! -user root -print").stdout == ""
    )
    machine.run("tfc-auth doctor")


def is_confined_as_the_page_says(machine):
    [said] = set(re.findall(r"Both figures are ([\d.]+)", PAGE))
    for unit in ("tfc-auth-web.service", "tfc-auth-work.service"):
        told = machine.run(f"systemd-analyze security --no-pager {unit}").stdout
        assert f"exposure level for {unit}: {said} OK" in told


def test_of12_a_bare_debian_machine_becomes_a_site_that_people_sign_in_to(machine, guide, browser):
    go_on_until(machine, guide, STOPS_AT)
    person = owner(browser)
    person.sign_in()
    person.enrol()
    person.goto("/admin/")
    assert "Site admin" in person.text
    wait_until(lambda: mails(machine))
    assert {mail["From"] for mail in mails(machine)} == {"TFC Auth <no-reply@example.com>"}
    guide.sendline("")

    go_on_until(machine, guide, "11. Upgrade")
    person.goto("/app/settings/two-factor")
    assert person.path == "/session", "a restore ends every session"
    again = owner(browser)
    again.sign_in()
    again.click("Use a recovery code", role="link")
    again.enter_code(person.codes[0])
    assert again.path == "/app", again.text

    guide.expect(pexpect.EOF)
    guide.close()
    assert guide.exitstatus == 0
    again.page.reload()
    assert again.path == "/app"
    runs_and_is_closed_to_others(machine)
    is_confined_as_the_page_says(machine)
