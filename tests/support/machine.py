"""Install the programs that the tests need besides Python, where allowed: `make test` runs this first.

With the argument `all` it installs those of the long tests, too. It never fails: tests that lack a program
are skipped, and report it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.postgres import Unavailable, find_binaries

CHROMIUM = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
# No package index has it, and its licence is not that of the rest: it is used where it is, and not installed.
NO_TERRAFORM = "no terraform on this machine, so that only what it sends was tested"
# One test asks a parser of the npm registry, too, in a folder of its own.
NO_NODE = "no node and npm on this machine, so that two parsers read what three should"
# HashiCorp's SDK for Go, in the version of Debian, with its own tests. They build without a network.
GO_TFE = Path("/usr/share/gocode/src/github.com/hashicorp/go-tfe")
GO_PACKAGES = ["golang-go", "golang-github-hashicorp-go-tfe-dev"]
NO_GO_TFE = f"no go-tfe on this machine (Debian: apt-get install {' '.join(GO_PACKAGES)})"
# A disk that is full is one of a few megabytes in memory, and only root can have one.
NO_MOUNTS = "nobody may mount a file system here, so that no disk was full"
# What stands around the site in production, by the program and Debian's name of its package.
PRODUCTION = {
    "nginx": "nginx-light",
    "haproxy": "haproxy",
    "pgbouncer": "pgbouncer",
    "buildah": "buildah",
    "mmdebstrap": "mmdebstrap",
}
# A lock held by another installation is waited for.
APT = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300"]


def main(*arguments):
    missing = []
    if not find_chromium():
        missing += ["chromium", "fonts-liberation"]
    # A database server is more than a program: it is put on a machine by root only, never by way of sudo.
    if os.geteuid() == 0 and not has_postgresql():
        missing += ["postgresql"]
    if missing:
        install(missing)
    if "all" in arguments and not has_go_tfe():  # by itself: where it is unknown, the others are not
        install(GO_PACKAGES)
    if "all" in arguments:
        for program, package in PRODUCTION.items():
            if find_program(program) is None:
                install([package])


def find_program(name):
    """The path of a program, also of one that is for administrators only; or None."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def no_program(name):
    """Why a test that needs this program is skipped."""
    return f"no {name} on this machine (Debian: apt-get install {PRODUCTION[name]})"


def has_go_tfe():
    return shutil.which("go") is not None and GO_TFE.is_dir()


def find_chromium():
    return next(filter(None, map(shutil.which, CHROMIUM)), None)


def has_postgresql():
    if os.environ.get("DATABASE_URL", "").startswith("postgres"):
        return True
    try:
        return bool(find_binaries())
    except Unavailable:
        return False


def install(packages):
    root = become_root()
    if shutil.which("apt-get") is None or root is None:
        print(f"Not on this machine, and not installable without root: {', '.join(packages)}.")
        return
    print(f"Installing {', '.join(packages)} (once) ...", flush=True)
    for command in [["update"], ["install", "--no-install-recommends", *packages]]:
        done = subprocess.run([*root, *APT, *command], capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"apt-get {command[0]} failed: {done.stderr.strip()}")


def become_root():
    """Return the prefix that runs a command as root, or None if that takes a password or there is no sudo."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    allowed = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    return ["sudo", "-n"] if allowed else None


if __name__ == "__main__":
    main(*sys.argv[1:])
