"""Run the product as in production, in real server processes, and send it real simultaneous requests."""

import email
import email.policy
import http.client
import os
import socket
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from tests.support.environment import ROOT
from tests.support.process import Kept
from tests.support.visitor import Reply, Visitor, parse_reply
from tests.support.waiting import wait_until

SECONDS_TO_START = 60


class Site:
    """A running product. Made by `start_site`, or by the fixtures `live_site` and `start_site`."""

    def __init__(self, kept, host, port, mail_directory):
        self.kept = kept
        self.host = host
        self.port = port
        self.url = f"http://{host}:{port}"
        self.mail_directory = mail_directory
        self.log_path = kept.log

    def visitor(self):
        """Return a new browser without cookies."""
        return Visitor(self.url)

    def volley(self, raws):
        return volley(self.host, self.port, raws)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def mails(self, to=None):
        """Return the mails that were sent, oldest first, as email.message.EmailMessage."""
        files = sorted(self.mail_directory.glob("*.log"), key=lambda path: path.stat().st_mtime_ns)
        mails = [mail for path in files for mail in parse_mails(path)]
        return [mail for mail in mails if to is None or to in mail["To"]]

    def wait_for_mail(self, to, count=1):
        """Wait for `count` mails to this address, sent after the response; return the newest."""
        wait_until(lambda: len(self.mails(to)) >= count, lambda: f"less than {count} mails to {to}")
        return self.mails(to)[-1]

    def forget_mails(self):
        """Delete mails and texts, so that the next test does not read an old code."""
        for path in [*self.mail_directory.glob("*.log"), *self.mail_directory.glob("*.text")]:
            path.unlink(missing_ok=True)

    def kill(self):
        """Kill every process of the server at once, as a crash would."""
        self.kept.kill()

    def stop(self):
        self.kill()  # takes no time; nothing of it is needed any more
        self.kept.stop()


def start_site(database_url, *, workers=2, threads=4, root=ROOT, **environment):
    """Serve the product on a free port of this machine; keywords are settings: SIGN_UP="closed".

    `root` may be the tree of another release (tests/support/releases.py).
    """
    directory = Path(tempfile.mkdtemp(prefix="tfc-auth-site-"))
    mail_directory = directory / "mail"
    mail_directory.mkdir()
    # The socket is ours before the server is there: no port can be lost to another run in between.
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listener:
        host, port = listener.getsockname()
        settings = {
            "DATABASE_URL": database_url,
            "SITE_URL": f"http://{host}:{port}",
            "MAIL_DIR": str(mail_directory),
            "SMS_BACKEND": "console",  # writes texts beside the mails
            "EMAIL_URL": f"filemail:///{mail_directory}",
        }
        command = [sys.executable, "-m", "gunicorn", "--chdir", str(root), "--preload"]
        if root != ROOT:  # where Python looks first
            command = ["env", f"--chdir={root}", *command]
        if (root / "tfc_auth" / "server.py").exists():
            command += ["--config", "python:tfc_auth.server"]
        command += ["--bind", f"fd://{listener.fileno()}"]
        command += ["--workers", str(workers), "--threads", str(threads)]
        kept = Kept(
            [*command, "--log-level", "warning", "tfc_auth.wsgi"],
            directory,
            environment={**os.environ, **settings, **environment},
            file_descriptors=[listener.fileno()],
        )
    site = Site(kept, host, port, mail_directory)
    wait_until_up(site)
    return site


def wait_until_up(site):
    connection = http.client.HTTPConnection(site.host, site.port, timeout=SECONDS_TO_START)
    try:
        connection.request("GET", "/healthz")
        connection.getresponse().read()
    except OSError:
        log = site.log()
        site.stop()
        raise RuntimeError(f"the product did not start:\n{log}") from None
    finally:
        connection.close()


def parse_mails(path):
    """Yield the mails of a file of Django's file backend, which ends each with a line of hyphens."""
    for text in path.read_bytes().split(b"-" * 79 + b"\n"):
        if text.strip():
            yield email.message_from_bytes(text, policy=email.policy.default)


def volley(host, port, raws):
    """Send raw requests at the same moment: all but the last byte of each, then the last bytes at once.

    Returns one Reply per request, in order. Make raw requests with `Visitor.raw_form` or `Visitor.raw`.
    """
    return [parse_reply(f"http://{host}:{port}", answer) for answer in exchange(host, port, raws)]


def exchange(host, port, raws, on_answer=lambda: None):
    """Like `volley`, but return the bytes of the responses, which may be incomplete if the server dies.

    Calls `on_answer` from a thread when a connection ends.
    """
    raws = list(raws)
    connections = [socket.create_connection((host, port), timeout=60) for _ in raws]
    for connection, raw in zip(connections, raws, strict=True):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(raw[:-1])
    gate = threading.Barrier(len(raws))
    answers = [b""] * len(raws)

    def finish(index):
        with connections[index] as connection, suppress(ConnectionError):
            gate.wait()
            connection.sendall(raws[index][-1:])
            while chunk := connection.recv(65536):
                answers[index] += chunk
        on_answer()

    threads = [threading.Thread(target=finish, args=(index,)) for index in range(len(raws))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


__all__ = ["Reply", "Site", "Visitor", "exchange", "start_site", "volley"]
