"""The nginx of this machine, with the configuration of docs/deployment.md on free ports."""

import datetime
import http.client
import re
import socket
import ssl
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.guide import blocks
from tests.support.machine import find_program
from tests.support.process import Kept
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

PROGRAM = find_program("nginx")
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Nginx:
    """A running nginx in front of a site or of another nginx; `logs()` is all that it has written.

    `changes` are lines of the guide that an operator writes differently: {part of the line: new line}. With
    `is_inner` it is the second proxy of the guide's section about two.
    """

    def __init__(self, site, *, ports=None, changes=(), is_inner=False):
        self.directory = Path(tempfile.mkdtemp(prefix="tfc-auth-nginx-"))
        self.directory.chmod(0o755)  # its workers may be another user
        self.host = "127.0.0.1"
        self.http, self.https = ports or free_ports(2)
        self.port = self.http  # for a proxy in front of it
        self.url = f"https://127.0.0.1:{self.https}"
        self.changes = dict(changes)
        self.is_inner = is_inner
        self.write(site)
        command = [PROGRAM, "-p", str(self.directory), "-c", str(self.directory / "nginx.conf")]
        self.kept = Kept([*command, "-g", "daemon off;"], self.directory)
        wait_until(self.is_up, self.logs)

    def write(self, site):
        main, common, inner = (self.adapted(text, site) for text in blocks("nginx"))
        if self.is_inner:
            common = changed(common, "proxy_set_header X-Forwarded-Proto", inner)
        for part, line in self.changes.items():
            common = changed(common, part, line)
        (self.directory / "tfc-auth.conf").write_text(common)
        temporary = "".join(f"{name}_temp_path {self.directory}/{name};\n" for name in TEMPORARY)
        (self.directory / "nginx.conf").write_text(
            f"pid {self.directory}/pid;\nerror_log {self.directory}/main.error.log;\n"
            f"events {{}}\nhttp {{\n{temporary}access_log {self.directory}/main.log;\n{main}}}\n"
        )
        certificate, key = self_signed()
        (self.directory / "site.pem").write_bytes(certificate)
        (self.directory / "site.key").write_bytes(key)

    def adapted(self, text, site):
        for pattern, value in {
            r"listen \[::\].*": "",
            r"listen 80;": f"listen 127.0.0.1:{self.http};",
            r"listen 443 ssl;": f"listen 127.0.0.1:{self.https} ssl;",
            r"auth\.example\.com;": "127.0.0.1;",
            r"/etc/letsencrypt/\S+/privkey\.pem;": f"{self.directory}/site.key;",
            r"/etc/letsencrypt/\S+/fullchain\.pem;": f"{self.directory}/site.pem;",
            r"/etc/nginx/": f"{self.directory}/",
            r"/var/log/nginx/": f"{self.directory}/",
            r"127\.0\.0\.1:8000": f"{site.host}:{site.port}",
        }.items():
            text = re.sub(pattern, value, text)
        return text

    def is_up(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.https)) == 0

    def logs(self):
        return "".join(path.read_text(errors="replace") for path in [*self.directory.glob("*log")])

    def ask(self, *lines, body="", tls=True, address="127.0.0.1"):
        """Send a request as it is, from this address; return the bytes of the answer."""
        port = self.https if tls else self.http
        connection = socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(address, 0))
        if tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection = context.wrap_socket(connection)
        with connection:
            head = "\r\n".join([*lines, "Host: 127.0.0.1", "Connection: close", "", ""])
            connection.sendall(head.encode("latin-1") + body.encode("latin-1"))
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
        return answer

    def visitor(self, address="127.0.0.1"):
        """Return a new browser, which connects from this address."""
        return TlsVisitor(self.url, address)

    def stop(self):
        self.kept.stop()


class TlsVisitor(Visitor):
    """A browser that connects over TLS, from an address of its own, and believes every certificate."""

    def __init__(self, url, address="127.0.0.1"):
        super().__init__(url)
        self.source = (address, 0)

    def connect(self):
        context = ssl._create_unverified_context()
        return http.client.HTTPSConnection(
            self.host, self.port, timeout=60, context=context, source_address=self.source
        )


def changed(text, part, line):
    """The configuration with another line in place of those that have this part."""
    lines = [line if part in one else one for one in text.splitlines()]
    assert lines != text.splitlines(), part
    return "\n".join(lines) + "\n"


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def self_signed():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    form, pem = serialization.PrivateFormat.PKCS8, serialization.Encoding.PEM
    return certificate.public_bytes(pem), key.private_bytes(pem, form, serialization.NoEncryption())
