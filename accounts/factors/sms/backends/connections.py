"""HTTP connections with an end to each request, however slowly the answer comes, for the SDK of the provider.

The SDK sends with the package `requests`, and takes a session of it.
"""

import socket
import threading
from typing import Any

from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from accounts.outbox.deadline import Deadline

LONGEST = 10.0  # seconds for one request: to connect, to send and to read

begun = threading.local()  # the deadlines of this thread's request


class Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        made = super()._new_conn()
        begun.deadlines.append(Deadline(made, LONGEST))
        return made


class TLSConnection(HTTPSConnection, Connection):
    """The same, encrypted."""


class Pool(HTTPConnectionPool):
    ConnectionCls = Connection


class TLSPool(HTTPSConnectionPool):
    ConnectionCls = TLSConnection


class Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": Pool, "https": TLSPool}


class ImpatientSession(Session):
    """Sends requests through new connections, each of which ends in time."""

    def __init__(self) -> None:
        super().__init__()
        self.max_redirects = 0  # refused: what follows one would hand number and code to another address
        for scheme in ("http://", "https://"):
            self.mount(scheme, Adapter(max_retries=0))

    def send(self, request: PreparedRequest, **options: Any) -> Response:
        begun.deadlines = []
        try:
            return super().send(request, **options)
        finally:
            for deadline in begun.deadlines:
                deadline.over()
