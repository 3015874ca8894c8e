"""Settings as a start of the product reads them, in this process and in real ones."""

import os
import runpy
import socket
import subprocess
import sys

import pytest

from tests.support.environment import ROOT

NEEDED = {
    "SECRET_KEY": "a secret key of fifty characters, and some more of them",
    "ENCRYPTION_KEYS": "an encryption key of thirty-two characters at least",
    "DATABASE_URL": "sqlite:///:memory:",
}


@pytest.fixture
def load(monkeypatch):
    """The settings with nothing but this in the environment."""

    def run(**environment):
        for name in os.environ:
            monkeypatch.delenv(name)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(ROOT / "tfc_auth" / "settings.py"))

    return run


def start(*command, **environment):
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]} | NEEDED | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def gunicorn(**environment):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    config = ["--config", "python:tfc_auth.server", "--bind", f"127.0.0.1:{port}"]
    return start("-m", "gunicorn", *config, "tfc_auth.wsgi", **environment)
