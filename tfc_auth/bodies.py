"""Read bodies that come in chunks, without a Content-Length, as tunnels and some proxies send them.

Django reads as many bytes as Content-Length says, which is none here. So such a body is read before anything
else looks at it, and gets its length.
"""

import socket
import threading
from contextlib import suppress
from io import BytesIO
from typing import Any

from django.core.handlers.wsgi import LimitedStream
from django.http import HttpRequest

SECONDS = 15  # for a whole body: a client that sends on and on must not keep a thread
# Bytes read and thrown away behind the limit: a client that is still sending would not see the refusal.
MOST_IGNORED = 8 * 1024 * 1024
LINGER = 2  # seconds, for a body that is refused because of its length
STEP = 64 * 1024  # bytes


class Unreadable(Exception):
    """The body is not what its headers say. The message is for the log."""


class TooLong(Exception):
    """The body is longer than the limit."""


class TooSlow(Exception):
    """The body has not come within SECONDS."""


def read_chunks(request: HttpRequest, longest: int) -> None:
    """Read the body, and give the request its length. Raises Unreadable, TooLong or TooSlow.

    `longest` is in bytes.
    """
    meta = request.META
    if meta["HTTP_TRANSFER_ENCODING"].strip().lower() != "chunked":
        raise Unreadable("a Transfer-Encoding other than chunked")
    if meta.get("CONTENT_LENGTH"):  # two lengths: who is in front may have believed the other one
        raise Unreadable("both Content-Length and Transfer-Encoding")
    if not meta.get("wsgi.input_terminated"):
        raise Unreadable("a server that does not decode chunks")
    body = read(meta["wsgi.input"], longest, client_of(request))
    del meta["HTTP_TRANSFER_ENCODING"]
    meta["CONTENT_LENGTH"] = str(len(body))
    meta["wsgi.input"] = BytesIO(body)
    request._stream = LimitedStream(meta["wsgi.input"], len(body))  # type: ignore[assignment]


def client_of(request: HttpRequest) -> socket.socket | None:
    """Return the connection of a request, if the server gives it."""
    return request.META.get("gunicorn.socket")


def stop_receiving(client: socket.socket | None) -> None:
    """End the wait for bytes of a client, also of the server itself, and leave the way for the answer."""
    with suppress(OSError):
        if client is not None:
            # The plain one: that of a TLS connection would end the answer, too.
            socket.socket.shutdown(client, socket.SHUT_RD)


def throw_away(request: HttpRequest) -> None:
    """Read on for a moment, and then no more: a connection that is closed while its client is still sending
    loses the answer (RFC 9112 section 9.6).
    """
    if (client := client_of(request)) is None:
        return
    timer = threading.Timer(LINGER, stop_receiving, [client])
    timer.daemon = True
    timer.start()
    ignored = 0
    with suppress(OSError):
        while ignored < MOST_IGNORED and request.META["wsgi.input"].read(STEP):
            ignored += STEP
    timer.cancel()
    stop_receiving(client)


def read(stream: Any, longest: int, client: socket.socket | None) -> bytes:
    """Return all bytes, up to `longest`. Raises Unreadable, TooLong or TooSlow."""
    too_slow = threading.Event()

    def give_up() -> None:
        too_slow.set()
        stop_receiving(client)

    timer = threading.Timer(SECONDS, give_up)
    timer.daemon = True
    timer.start()
    try:
        body: bytes = stream.read(longest + 1)
        ignored = 0
        while len(body) > longest and ignored < MOST_IGNORED and stream.read(STEP):
            ignored += STEP
    except Exception as error:  # each server has errors of its own for chunks that break the rules
        if too_slow.is_set():
            raise TooSlow from error
        raise Unreadable(f"chunks that cannot be read ({type(error).__name__})") from error
    finally:
        timer.cancel()
    if len(body) > longest:
        raise TooLong
    return body
