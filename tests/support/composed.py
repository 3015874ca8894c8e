"""compose.yaml, the guide about containers, and the database that they tell to make, on a real PostgreSQL."""

import os
import re
import shutil
import subprocess
import tempfile
import textwrap
from pathlib import Path

import psycopg
import yaml

from tests.support import postgres
from tests.support.environment import ROOT
from tests.support.nginx import free_ports
from tests.support.visitor import Visitor

PROXIED = {"Host": "auth.example.com", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}


def compose():
    """compose.yaml, with `$` where Compose reads `$$`."""
    return yaml.safe_load((ROOT / "compose.yaml").read_text().replace("$$", "$"))


def guide_blocks(language):
    """The fenced blocks of docs/containers.md in this language, in their order."""
    text = (ROOT / "docs" / "containers.md").read_text()
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for _indent, block in found]


def settings_of(text):
    """The variables of an environment file."""
    return dict(re.findall(r'^([A-Z_]+)="?(.*?)"?$', text, re.MULTILINE))


class Server:
    """A PostgreSQL that asks for passwords over TCP, as the one of compose.yaml does."""

    def __init__(self, superuser_password):
        self.directory = Path(tempfile.mkdtemp(prefix="tfc-auth-hba-"))
        self.directory.chmod(0o755)  # it is read by another user
        hba = self.directory / "pg_hba.conf"
        hba.write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        [self.port] = free_ports(1)
        settings = postgres.SETTINGS | {
            "listen_addresses": "127.0.0.1", "port": str(self.port), "hba_file": str(hba)
        }  # fmt: skip
        url, self.kept = postgres.start(settings)
        self.url = f"{url}&port={self.port}"
        with psycopg.connect(self.url, autocommit=True) as session:
            session.execute(f"ALTER ROLE postgres PASSWORD '{superuser_password}'")

    def stop(self):
        self.kept.stop()
        shutil.rmtree(self.directory)

    def script(self, service, secrets, **settings):
        """Run the script of a service of compose.yaml with psql."""
        found = compose()["services"][service]
        script = found["command"][0].replace("/run/secrets", str(secrets))
        script = script.replace("@db/", f"@127.0.0.1:{self.port}/")
        kept = {"PATH": f"{postgres.find_binaries()}:{os.environ['PATH']}", **found["environment"]}
        kept |= {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), **settings}
        command = ["env", *(f"{name}={value}" for name, value in kept.items())]
        return subprocess.run(
            [*command, *found["entrypoint"], script], capture_output=True, text=True, check=False
        )

    def rights(self, table):
        query = "SELECT p FROM unnest(ARRAY['INSERT', 'UPDATE', 'DELETE']) p"
        query += " WHERE has_table_privilege('tfc_auth', %s, p)"
        with psycopg.connect(self.url.replace("/postgres?", "/tfc_auth?")) as session:
            return {right for [right] in session.execute(query, [table])}


class Proxied(Visitor):
    """A browser behind the proxy that ends TLS."""

    def prepare(self, method, url, fields, headers):
        target, body, headers = super().prepare(method, url, fields, {**PROXIED, **headers})
        if method == "POST":
            headers |= {"Origin": "https://auth.example.com", "Referer": f"https://auth.example.com{target}"}
        return target, body, headers

    def is_up(self):
        try:
            return self.get("/healthz").status == 200
        except OSError:
            return False
