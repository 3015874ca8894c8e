"""An end to a whole conversation with a server. The time-out of a socket is one for each read: a byte now and
then keeps all of them, and a thread for ever.
"""

import socket
import threading
from contextlib import suppress


class Deadline:
    """Break a connection off after so many seconds, unless it is over by then."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self.handle = connection.dup()  # of the same connection, also once TLS has taken the socket over
        self.timer = threading.Timer(seconds, self.break_off)
        self.timer.daemon = True
        self.timer.start()

    def break_off(self) -> None:
        """Whoever reads finds the connection closed."""
        with suppress(OSError):  # it is closed already
            self.handle.shutdown(socket.SHUT_RDWR)
        self.handle.close()

    def over(self) -> None:
        self.timer.cancel()
        self.handle.close()
