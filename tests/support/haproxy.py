"""The haproxy of this machine, with TLS, in front of a site."""

import re
import socket
import tempfile
from pathlib import Path

from tests.support.guide import DEPLOYMENT
from tests.support.machine import find_program
from tests.support.nginx import TlsVisitor, self_signed
from tests.support.process import Kept
from tests.support.waiting import wait_until

PROGRAM = find_program("haproxy")
X_FORWARDED = ["option forwardfor", "http-request set-header X-Forwarded-Proto https if { ssl_fc }"]
FORWARDED = re.findall(r"^    (http-request set-header Forwarded .*)$", DEPLOYMENT, re.MULTILINE)


class HAProxy:
    def __init__(self, site, port, lines):
        self.directory = Path(tempfile.mkdtemp(prefix="tfc-auth-haproxy-"))
        self.port = port
        certificate, key = self_signed()
        (self.directory / "site.pem").write_bytes(certificate + key)
        rules = "".join(f"    {line}\n" for line in lines)
        (self.directory / "haproxy.cfg").write_text(
            "defaults\n    mode http\n    timeout connect 5s\n    timeout client 30s\n"
            "    timeout server 30s\n"
            f"frontend site\n    bind 127.0.0.1:{port} ssl crt {self.directory}/site.pem\n{rules}"
            f"    default_backend app\nbackend app\n    server app {site.host}:{site.port}\n"
        )
        self.kept = Kept([PROGRAM, "-f", str(self.directory / "haproxy.cfg"), "-db"], self.directory)
        wait_until(self.is_up, self.log)

    def is_up(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def log(self):
        return self.kept.log.read_text(errors="replace")

    def visitor(self, address="127.0.0.1"):
        return TlsVisitor(f"https://127.0.0.1:{self.port}", address)

    def stop(self):
        self.kept.stop()
