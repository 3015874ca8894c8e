"""A balancer of one's own: hands each connection to the next instance of its list, which can change.

Like nginx it asks the next one where a connection is refused. Nothing else is tried twice.
"""

import socket
import threading
from contextlib import suppress


class Balancer:
    def __init__(self, *sites):
        self.sites = list(sites)
        self.turn = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.host, self.port = self.listener.getsockname()
        self.url = f"http://{self.host}:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with suppress(OSError):  # closed
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.relay, args=(client,), daemon=True).start()

    def relay(self, client):
        with client:
            server = self.connect()
            if server is None:
                return
            with server:
                forth = threading.Thread(target=copy, args=(client, server), daemon=True)
                forth.start()
                copy(server, client)

    def connect(self):
        """A connection to the instance whose turn it is, or to the next one that takes it; or None."""
        with self.lock:
            self.turn += 1
            turn, sites = self.turn, list(self.sites)
        for number in range(len(sites)):
            site = sites[(turn + number) % len(sites)]
            with suppress(ConnectionRefusedError):
                return socket.create_connection((site.host, site.port), timeout=60)
        return None

    def close(self):
        self.listener.close()


def copy(source, target):
    """Copy until the source ends; tell the target so."""
    with suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
