"""The nginx of this machine, with the configuration of docs/deployment.md on free ports."""

import datetime
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
from tests.support.waiting import wait_until

PROGRAM = find_program("nginx")
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Nginx:
    """A running nginx in front of a site; `logs()` is all that it has written."""

    def __init__(self, site):
        self.directory = Path(tempfile.mkdtemp(prefix="tfc-auth-nginx-"))
        self.directory.chmod(0o755)  # its workers may be another user
        self.http, self.https = free_ports(2)
        self.write(site)
        command = [PROGRAM, "-p", str(self.directory), "-c", str(self.directory / "nginx.conf")]
        self.kept = Kept([*command, "-g", "daemon off;"], self.directory)
        wait_until(self.is_up, self.logs)

    def write(self, site):
        main, common = (self.adapted(text, site) for text in blocks("nginx"))
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
            r"/etc/ssl/private/\S+;": f"{self.directory}/site.key;",
            r"/etc/ssl/\S+;": f"{self.directory}/site.pem;",
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

    def ask(self, *lines, body="", tls=True):
        """Send a request as it is; return the bytes of the answer."""
        connection = socket.create_connection(("127.0.0.1", self.https if tls else self.http), timeout=30)
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

    def stop(self):
        self.kept.stop()


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
