"""A Debian machine in namespaces of its own: made by mmdebstrap, begun by systemd, in its own network.

It shares nothing with this machine but the kernel, so units, modes, users and ports are those of a real one.
"""

import os
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from tests.support.process import Kept
from tests.support.waiting import wait_until

RELEASE = "bookworm"
# systemd as its first process, and a mail server that keeps what it takes.
BESIDE = ["systemd-sysv", "dbus", "ca-certificates", "python3-aiosmtpd"]
MAILBOX = "/var/mail/taken"
# What the kernel offers a machine. Only its own processes, folders and control groups are in there.
BEGIN = """
set -e
root=$1
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
    set -- $device
    mknod -m 666 "$root/dev/$1" c "$2" "$3"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
ip link set lo up
# No chroot: in one, the kernel refuses the user namespaces of PrivateUsers=.
cd "$root"
mkdir -p before
pivot_root . before
exec env -i container=other /bin/sh -c 'umount -l /before && exec /lib/systemd/systemd --log-target=console'
"""


class Debian:
    """A running machine. `run` carries out a command in it, and `net` is the path of its network."""

    def __init__(self, packages):
        self.directory = Path(tempfile.mkdtemp(prefix="tfc-auth-debian-"))
        self.directory.chmod(0o755)
        self.root = self.directory / "root"
        self.make(packages)
        begin = self.directory / "begin.sh"
        begin.write_text(BEGIN)
        namespaces = ["--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child"]
        self.kept = Kept(["unshare", *namespaces, "sh", str(begin), str(self.root)], self.directory)
        wait_until(self.is_up, self.kept.log.read_text)

    def make(self, packages):
        """Unpack Debian, and put what the guide expects of a new machine there."""
        wanted = ",".join([*BESIDE, *packages])
        command = ["mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", f"--include={wanted}"]
        subprocess.run([*command, RELEASE, str(self.root)], check=True, capture_output=True, text=True)

    @property
    def pid(self):
        """The machine's first process, as this machine counts."""
        [child] = Path(f"/proc/{self.kept.pid}/task/{self.kept.pid}/children").read_text().split()
        return int(child)

    @property
    def net(self):
        return f"/proc/{self.pid}/ns/net"

    def is_up(self):
        try:
            state = self.run("systemctl is-system-running", check=False).stdout.strip()
        except (OSError, ValueError):
            return False
        return state in ("running", "degraded")

    def inside(self, *command):
        """The command line that runs `command` in the machine, as root."""
        entered = ["-m", "-u", "-i", "-n", "-p", "-C"]
        clean = [
            "/usr/bin/env",
            "-i",
            "HOME=/root",
            "LANG=C.UTF-8",
            "PATH=/usr/local/sbin:/usr/sbin:/usr/bin",
        ]
        return ["nsenter", "-t", str(self.pid), *entered, *clean, *command]

    def run(self, command, *, check=True):
        """Carry out a line of shell; return what subprocess says about it."""
        return subprocess.run(
            self.inside("sh", "-ec", command), check=check, capture_output=True, text=True, timeout=300
        )

    def put(self, path, content):
        """Write a file of the machine, from outside."""
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)

    def stop(self):
        """Switch it off at once."""
        with suppress(OSError, ValueError):
            os.kill(self.pid, signal.SIGKILL)
        self.kept.stop()
