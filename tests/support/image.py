"""Build the Dockerfile without a daemon, and run what the image says as an engine would: confined.

The base is a Debian made on the spot, like the one that the Dockerfile names. Packages come from the index
that pip is configured for, by way of a folder: the build itself reaches Debian only.
"""

import fcntl
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support.environment import ROOT
from tests.support.machine import find_program, no_program
from tests.support.process import Kept

PROGRAMS = ("buildah", "mmdebstrap")
# Both are used as root, as engines are.
MISSING = next((name for name in PROGRAMS if find_program(name) is None or os.geteuid() != 0), None)
builds = pytest.mark.skipif(MISSING is not None, reason=no_program(MISSING or PROGRAMS[0]))
NAME = "localhost/tfc-auth"
SUITE = "bookworm"
PYTHON = "3.11"  # of that Debian
# As the slim images have it: no documentation, and no waiting for the disk.
LEAVE_OUT = ["force-unsafe-io", *(f"path-exclude=/usr/share/{name}/*" for name in ("doc", "locale", "man"))]

# What an engine does before it starts a process: nothing writable but memory and volumes, no rights.
ENTER = """
mount --bind "$ROOT_FOLDER" "$ROOT_FOLDER"
mount -t tmpfs -o mode=0755 tmpfs "$ROOT_FOLDER/dev"
for device in full null random urandom zero; do
    touch "$ROOT_FOLDER/dev/$device"
    mount --bind "/dev/$device" "$ROOT_FOLDER/dev/$device"
done
mkdir "$ROOT_FOLDER/dev/shm"
mount -t tmpfs -o mode=1777 tmpfs "$ROOT_FOLDER/dev/shm"
mount -t tmpfs -o mode=1777 tmpfs "$ROOT_FOLDER/tmp"
mount -t tmpfs -o "mode=0700,uid=${OWNER%:*},gid=${OWNER#*:}" tmpfs "$ROOT_FOLDER/opt/tfc-auth/metrics"
mount -t proc proc "$ROOT_FOLDER/proc"
mount -t tmpfs -o mode=0755 tmpfs "$ROOT_FOLDER/run/secrets"
for secret in $SECRETS; do
    touch "$ROOT_FOLDER/run/secrets/${secret##*/}"
    mount --bind -o ro "$secret" "$ROOT_FOLDER/run/secrets/${secret##*/}"
done
if [ -n "$VOLUME" ]; then mount --bind "$VOLUME" "$ROOT_FOLDER/opt/tfc-auth/var"; fi
mount -o remount,bind,ro "$ROOT_FOLDER"
exec chroot "$ROOT_FOLDER" setpriv --reuid="${OWNER%:*}" --regid="${OWNER#*:}" --clear-groups \\
    --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
"""


class Image:
    """A built image: its configuration, its files below `root`, processes in it. A run's workers share it."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.wheels = self.directory / "wheels"
        self.directory.mkdir(exist_ok=True)
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (self.directory / "built").exists():
                self.make_base()
                self.collect_wheels()
                self.build()
                (self.directory / "built").touch()
        self.description = json.loads(self.buildah("inspect", "--type", "image", NAME))["Docker"]
        self.config = self.description["config"]
        container = self.buildah("from", "--pull-never", NAME).strip()
        self.root = Path(self.buildah("mount", container).strip())
        execute(["mkdir", "-p", str(self.root / "run/secrets")])

    # --- build

    def make_base(self):
        container = self.buildah("from", "scratch").strip()
        root = self.buildah("mount", container).strip()
        options = [f"--dpkgopt={option}" for option in LEAVE_OUT]
        execute([find_program("mmdebstrap"), "--quiet", "--variant=minbase", *options, SUITE, root])
        self.buildah("commit", "--rm", container, "localhost/base")

    def collect_wheels(self):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        command += ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--python-version", PYTHON]
        execute([*command, "--dest", str(self.wheels), "--requirement", str(ROOT / "requirements.txt")])
        configuration = "[global]\nno-index = true\nfind-links = /wheels\n"
        (self.directory / "pip.conf").write_text(configuration)

    def build(self, *arguments):
        return self.buildah(
            "build", "--format", "docker", "--isolation", "chroot", "--network", "host",
            "--build-arg", "BASE=localhost/base", "--pull-never",
            "--secret", f"id=pip,src={self.directory / 'pip.conf'}", "--volume", f"{self.wheels}:/wheels:ro",
            "--tag", NAME, *arguments, str(ROOT),
        )  # fmt: skip

    def buildah(self, *arguments):
        storage = ["--storage-driver", "vfs", "--root", str(self.directory / "storage")]
        storage += ["--runroot", str(self.directory / "runroot")]
        return execute([find_program("buildah"), *storage, *arguments])

    @property
    def size(self):
        """Megabytes of all files."""
        return int(execute(["du", "--summarize", "--block-size=1M", str(self.root)]).split()[0])

    # --- run

    def run(self, *command, **place):
        """Return the finished process of a command in a container of its own."""
        return subprocess.run(self.entering(command, **place), capture_output=True, text=True, check=False)

    def start(self, *command, **place):
        """Start what the image is for, or a command; the log ends with `ended with` and the exit code."""
        inner = shlex.join(self.entering(command or self.config["Cmd"], **place))
        directory = tempfile.mkdtemp(prefix="tfc-auth-container-")
        return Kept(["sh", "-c", f'{inner}; echo "ended with $?"'], directory)

    def entering(self, command, *, environment=(), secrets=(), volume=""):
        """The command that runs `command` as an engine would: with these settings and no others."""
        own = dict(pair.split("=", 1) for pair in self.config["Env"])
        settings = {"HOME": "/opt/tfc-auth", **own, **dict(environment)}
        inner = ["env", "--ignore-environment", f"--chdir={self.config['WorkingDir']}"]
        inner += [f"{name}={value}" for name, value in settings.items()]
        outer = [
            "env",
            f"ROOT_FOLDER={self.root}",
            f"SECRETS={' '.join(map(str, secrets))}",
            f"VOLUME={volume}",
        ]
        outer += [f"OWNER={self.config['User']}", "unshare", "--mount", "--pid", "--ipc", "--uts", "--fork"]
        return [*outer, "--kill-child", "sh", "-euc", ENTER, "enter", *inner, *command]


def first_process(kept):
    """The process, as this machine numbers it, that is number 1 in its container."""
    pid = kept.pid
    while not namespaced(pid):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if not children:
            return None
        pid = int(children[0])
    return pid


def namespaced(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return re.search(r"^NSpid:(.*)$", status, re.MULTILINE)[1].split()[-1] == "1"


def execute(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    said = f"{shlex.join(map(str, command))[:300]}:\n{done.stdout}\n{done.stderr[-4000:]}"
    assert done.returncode == 0, said
    return done.stdout
