"""A disk of a few megabytes that a test may fill."""

import errno
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.machine import NO_MOUNTS

BLOCK = 1024 * 1024


class Disk:
    def __init__(self, path):
        self.path = path
        self.ballast = path / "ballast"

    def fill(self):
        """Leave not one byte."""
        with self.ballast.open("ab", buffering=0) as ballast:
            for size in (BLOCK, 4096, 1):
                self.write_until_full(ballast, bytes(size))
        return self.free

    def write_until_full(self, ballast, content):
        while True:
            try:
                ballast.write(content)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                return

    def make_room(self):
        self.ballast.unlink()

    @property
    def free(self):
        return shutil.disk_usage(self.path).free


@contextmanager
def small_disk(megabytes):
    """Mount a file system of this size in memory; skip the test where that is not allowed."""
    path = Path(tempfile.mkdtemp(prefix="tfc-auth-disk-", dir="/tmp"))
    options = f"size={megabytes}m,mode=0755"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], capture_output=True)
    if done.returncode:
        path.rmdir()
        pytest.skip(NO_MOUNTS)
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)
        path.rmdir()
