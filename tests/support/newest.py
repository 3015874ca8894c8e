"""Run the tests on the newest Django that the package index has: `make test-next`.

Without the long ones; with them: `make test-next ARGS="-m 'not browser' --ignore=tests/production"`.
The lock pins the Django that the product runs on. What we use of Django without its promise may change in the
next one; here that is seen as long as there is time.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv-next"
LEAST = (3, 12)  # what Django 6 asks for
NONE = (
    "test-next was skipped: the newest Django needs Python 3.12 or newer, and this machine has none. "
    "Name one: make test-next NEXT_PYTHON=/path/to/it"
)
# A version that is final, of a Python that makes environments; what pyenv puts on the path may be neither.
ASK = (
    "import sys, venv, ensurepip; print(*sys.version_info[:2]) if sys.version_info[3] == 'final' else exit(1)"
)
DJANGO = re.compile(r"^django==[^\n]*\n(?: [^\n]*\n)*", re.MULTILINE)


def main(arguments):
    """Return the exit code: that of the tests, or 0 without a Python to run them."""
    python = find_python()
    if python is None:
        print(NONE)
        return 0
    install(python)
    return run_tests(arguments)


# --- Python ---


def find_python():
    """The newest interpreter here, since the newest Django may refuse others; None if there is none."""
    versions = {python: version_of(python) for python in candidates()}
    accepted = [python for python, version in versions.items() if version >= LEAST]
    return max(accepted, key=versions.get, default=None)


def candidates():
    if named := os.environ.get("NEXT_PYTHON"):
        return [named]
    on_path = filter(None, map(shutil.which, ["python3", "python3.12", "python3.13", "python3.14"]))
    return [*on_path, *map(str, pyenv_root().glob("versions/*/bin/python3"))]


def pyenv_root():
    """Where pyenv keeps its versions, whether or not it is set up in this shell."""
    if shutil.which("pyenv"):
        return Path(output_of("pyenv", "root"))
    return Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")


def version_of(python):
    return tuple(map(int, output_of(python, "-c", ASK).split()))


def output_of(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


# --- Django ---


def install(python):
    """Have what the development lock says, but for Django, and the newest Django on top."""
    if version_of(VENV / "bin" / "python") != version_of(python):
        print("Installing the newest Django, and what the tests need (once) ...", flush=True)
        subprocess.run([python, "-m", "venv", "--clear", VENV], check=True)
    lock = VENV / "requirements.txt"
    lock.write_text(without_django((ROOT / "requirements-dev.txt").read_text()))
    # A requirement of Django has no line to fulfil it now, hence --no-deps; the lock is complete otherwise.
    pip("--require-hashes", "--no-deps", "--requirement", lock)
    # Which one that is, nobody knows before, so there is no hash to ask for.
    pip("--upgrade", "django")


def without_django(lock):
    return DJANGO.sub("", lock)


def pip(*arguments):
    command = ["-m", "pip", "install", "-qq", "--disable-pip-version-check", *arguments]
    subprocess.run([VENV / "bin" / "python", *command], check=True)


# --- Tests ---


def run_tests(arguments):
    python = VENV / "bin" / "python"
    django = output_of(python, "-m", "django", "--version")
    version = output_of(python, "--version")
    print(f"== tests on Django {django}, {version}", flush=True)
    # Drills and walks use the Django that all others use, and what stands around the site has the locked one.
    options = [
        "-m",
        "not long and not browser",
        "--numprocesses",
        "auto",
        "--dist",
        "worksteal",
    ]
    return subprocess.run([python, "-m", "pytest", *options, *arguments], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
