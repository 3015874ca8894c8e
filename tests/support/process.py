"""Keep a program running as long as the process that started it, however that process ends.

A killed pytest runs no clean-up, so the program is the child of a separate process (this file, run as a
script), which reads from a pipe: when the pipe closes, it ends the program and removes its directory.
"""

import ctypes
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

SECONDS_TO_END = 20
PR_SET_CHILD_SUBREAPER = 36  # of linux/prctl.h


class Kept:
    """A program that runs below `directory` and goes with it; its output is in `log`."""

    def __init__(self, command, directory, *, user=None, environment=None, file_descriptors=()):
        self.directory = Path(directory)
        self.log = self.directory / "log"
        task = {"command": command, "directory": str(directory), "user": user, "fds": file_descriptors}
        with self.log.open("ab") as log:
            self.keeper = subprocess.Popen(
                [sys.executable, __file__, json.dumps(task)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                pass_fds=file_descriptors,
                start_new_session=True,  # Ctrl-C is for pytest, which stops us in order
            )
        self.pid = int(self.keeper.stdout.readline() or 0)

    @property
    def running(self):
        return self.keeper.poll() is None

    def kill(self):
        """Kill the whole process group at once, as a crash would."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.keeper.wait()

    def stop(self):
        self.keeper.stdin.close()
        self.keeper.wait()
        self.keeper.stdout.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def main():
    task = json.loads(sys.argv[1])
    as_user = {}
    if task["user"]:
        group = pwd.getpwnam(task["user"]).pw_gid
        as_user = {"user": task["user"], "group": group, "extra_groups": []}
    adopt_orphans()
    # A shell's background jobs ignore Ctrl-C's signal, and so would the program.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    program = subprocess.Popen(
        task["command"],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        pass_fds=task["fds"],
        start_new_session=True,
        **as_user,
    )
    for fd in task["fds"]:
        os.close(fd)
    print(program.pid, flush=True)
    threading.Thread(target=end_with_parent, args=(program, task["directory"]), daemon=True).start()
    program.wait()
    wait_for_orphans()
    if not ENDING.is_set():
        sys.exit(1)
    ENDED.wait()


def adopt_orphans():
    """Workers of a server that was killed become ours, where the system can do that (Linux).

    So the program has ended when all of it has, and the run counts what all of it has computed.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def wait_for_orphans():
    with suppress(ChildProcessError):
        while True:
            os.wait()


ENDING = threading.Event()
ENDED = threading.Event()


def end_with_parent(program, directory):
    os.read(sys.stdin.fileno(), 1)
    ENDING.set()
    with suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGINT)
    try:
        program.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        os.killpg(program.pid, signal.SIGKILL)
    shutil.rmtree(directory, ignore_errors=True)
    ENDED.set()


if __name__ == "__main__":
    main()
