"""`make run`: check that the address is free, migrate the database, load the demo data, serve."""

import errno
import ipaddress
import os
import socket
import sys
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts.environment import variable


class Refused(Exception):
    """The demo can't start; `str()` says why, in one sentence."""


class Command(BaseCommand):
    help = "Serves this site with demo data (DEBUG only)."
    # `migrate` runs the checks at the first start; later starts need none.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="localhost")
        parser.add_argument("--port", default="8000")

    def handle(self, *args: Any, host: str, port: str, **options: Any) -> None:
        try:
            check_is_a_demo(host)
            check_is_free(host, port)
        except Refused as refusal:
            self.stderr.write(str(refusal))
            sys.exit(1)
        if not variable("SITE_URL"):
            os.environ["SITE_URL"] = settings.SITE_URL = f"http://{in_brackets(host)}:{port}"
        if has_unapplied_migrations():
            self.stdout.write("Preparing the database ...")
            call_command("migrate", verbosity=0)
        call_command("demo", stdout=self.stdout)
        self.stdout.write("Stop it with Ctrl-C.")
        self.stdout.flush()
        connection.close()
        serve(host, port)


def check_is_a_demo(host: str) -> None:
    """Raise Refused without DEBUG or on a network: passwords are known, and /dev/outbox shows every mail."""
    if not settings.DEBUG:
        raise Refused("The demo runs with DEBUG=1 only; README.md tells how to run a real site.")
    if not is_loopback(host) and variable("INSECURE_DEMO") != "1":
        raise Refused(
            f"HOST={host} would offer the demo accounts and everybody's mail to the network; "
            "if that is what you want, set INSECURE_DEMO=1."
        )


def check_is_free(host: str, port: str) -> None:
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise Refused(f"PORT={port} is not a port number (1 to 65535).")
    free_addresses(host, int(port))


def free_addresses(host: str, port: int) -> list[str]:
    """Return the addresses of this name as gunicorn binds them. Raises Refused.

    A browser may try either address of localhost first, so both must be ours. A machine without IPv6 may
    know the name by that all the same.
    """
    found, absent = [], None
    for family, *_, address in resolve(host, port):
        try:
            bind(family, address)
        except OSError as error:
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                raise Refused(explain(error, host, port)) from error
            absent = error
            continue
        found.append(f"{in_brackets(address[0])}:{port}")
    if absent and not found:
        raise Refused(explain(absent, host, port)) from absent
    return found


def bind(family: socket.AddressFamily, address: Any) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # The server does the same, so that a port that was released recently counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen()


def explain(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < 65535 else 8000
        return f"Port {port} on {host} is taken; try another one: make run PORT={other}"
    if error.errno == errno.EACCES:
        return f"Port {port} is reserved for the administrator; try make run PORT=8000"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"HOST={host} is no address of this machine."
    return f"Cannot listen on {host}, port {port}: {error.strerror}."


def is_loopback(host: str) -> bool:
    addresses = [address[0] for *_, address in resolve(host, None)]
    return all(ipaddress.ip_address(str(address).partition("%")[0]).is_loopback for address in addresses)


def resolve(host: str, port: int | None) -> list[Any]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Refused(f"HOST={host} is neither an address nor a name of this machine.") from error


def in_brackets(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def has_unapplied_migrations() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def serve(host: str, port: str) -> NoReturn:
    """Replace this process by the server, so that Ctrl-C reaches the process that make started."""
    names = ["localhost", "127.0.0.1", "[::1]", host] if is_loopback(host) else ["*"]
    if not variable("ALLOWED_HOSTS"):
        os.environ["ALLOWED_HOSTS"] = ",".join(names)
    # Only what goes wrong, unless somebody wants the log: these lines stand below those of the demo.
    if not variable("LOG_LEVEL") and not variable("LOG_FORMAT"):
        os.environ["LOG_LEVEL"] = "WARNING"
    arguments = ["--config", "python:tfc_auth.server", "--workers", "2", "--log-level", "warning"]
    for address in free_addresses(host, int(port)):
        arguments += ["--bind", address]
    os.execv(  # noqa: S606 -- our own interpreter, no shell
        sys.executable, [sys.executable, "-m", "gunicorn", *arguments, "tfc_auth.wsgi"]
    )
