"""Configure gunicorn: `gunicorn --config python:tfc_auth.server --bind 127.0.0.1:8000 tfc_auth.wsgi`.

What belongs to a machine (address, workers, threads) is left to the command line. What is here keeps promises
about headers and logs where gunicorn answers and writes by itself.
"""

import logging
import runpy
import socket
import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from gunicorn.config import Config
from gunicorn.errors import AppImportError
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from accounts.metrics import slots
from tfc_auth.logs import JsonFormatter, LineFormatter, RefusalFilter
from tfc_auth.version import PRODUCT, VERSION

# For refusals of gunicorn, which no middleware sees: bytes that are not an HTTP request (R51).
HEADERS = (
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: same-origin\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Permissions-Policy: camera=(), geolocation=(), microphone=(), payment=(), usb=()\r\n"
    "Cache-Control: no-store"
)


def checked_settings() -> dict[str, Any]:
    """Return the settings. A wrong one ends the server with its sentence, before any worker is started.

    They are read aside: workers read them anew, so that new workers know what has changed in files.
    """
    try:
        return runpy.run_module("tfc_auth.settings")
    except ImproperlyConfigured as error:
        sys.exit(str(error))


SETTINGS = checked_settings()


class MaskingLogger(Logger):  # type: ignore[misc]
    """Write gunicorn's lines as the application writes its own: no tokens of links, one record a line.

    gunicorn makes one before anything else, so the log begins with which release writes it.
    """

    def __init__(self, cfg: Config) -> None:
        super().__init__(cfg)
        self.info("%s %s starts", PRODUCT, VERSION)

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        is_json = SETTINGS["LOG_FORMAT"] == "json"
        forms: list[tuple[logging.Logger, logging.Formatter]] = [
            (self.error_log, JsonFormatter() if is_json else LineFormatter()),
            (self.access_log, JsonFormatter() if is_json else LineFormatter("%(message)s")),
        ]
        for logger, form in forms:
            for handler in logger.handlers:
                handler.setFormatter(form)
                handler.addFilter(RefusalFilter())


class Worker(ThreadWorker):  # type: ignore[misc]
    """Serve with threads, and give the refusals of gunicorn itself the headers of all other answers."""

    def load_wsgi(self) -> None:
        """Load the application. Settings that are wrong end the server with their sentence alone."""
        try:
            super().load_wsgi()
        except ImproperlyConfigured as error:
            raise AppImportError(str(error)) from None

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        super().handle_error(req, WithHeaders(client), addr, exc)


class WithHeaders:
    """A socket that adds HEADERS to the one answer that is sent through it."""

    def __init__(self, client: socket.socket) -> None:
        self.client = client

    def sendall(self, answer: bytes) -> None:
        head, separator, body = answer.partition(b"\r\n\r\n")
        self.client.sendall(head + b"\r\n" + HEADERS.encode() + separator + body)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


worker_class = Worker
logger_class = MaskingLogger
# Whom to believe is decided by TRUSTED_PROXIES. By default gunicorn believes every process of this machine.
forwarded_allow_ips = ""
# Nobody needs to reconfigure the running server.
control_socket_disable = True
# One hash of a password takes a core for some 50 milliseconds; the other threads wait for the database.
# `--threads` on the command line comes first.
threads = SETTINGS["THREADS_PER_PROCESS"]


def on_starting(server: Any) -> None:
    """Begin to count anew, before any worker does."""
    if SETTINGS["METRICS_PEERS"]:
        slots.begin_run(Path(SETTINGS["METRICS_DIR"]))
