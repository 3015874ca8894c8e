"""Settings as a start of the product reads them, in this process and in real ones."""

import os
import socket
import subprocess
import sys
from functools import cache

import pytest

from tests.support.environment import ROOT

NEEDED = {
    "SECRET_KEY": "a secret key of fifty characters, and some more of them",
    "ENCRYPTION_KEYS": "an encryption key of thirty-two characters at least",
    "DATABASE_URL": "sqlite:///:memory:",
}


@cache
def compiled(path):
    """A thousand tests read the settings, and to compile them takes longer than to run them."""
    return compile(path.read_text(), str(path), "exec")


def settings_with(environment, monkeypatch):
    """The settings, by name, with nothing but this in the environment."""
    for name in os.environ:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    path = ROOT / "tfc_auth" / "settings.py"
    found = {"__name__": "settings", "__file__": str(path)}
    exec(compiled(path), found)
    return found


@pytest.fixture
def load(monkeypatch):
    """The settings with nothing but this in the environment."""
    return lambda **environment: settings_with(environment, monkeypatch)


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
