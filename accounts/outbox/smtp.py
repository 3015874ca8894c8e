"""Django's backend for SMTP with an end to each attempt, and without sockets that a failure leaves open."""

import smtplib
import socket
from typing import Any

from django.core.mail.backends import smtp

from accounts.outbox.deadline import Deadline

# For one mail, in time-outs of one answer (EMAIL_TIMEOUT). Less than a claim: nobody else takes the mail.
ANSWERS = 6


class Connection(smtplib.SMTP):
    deadline: Deadline | None = None

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        made: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        self.deadline = Deadline(made, ANSWERS * timeout)
        return made

    def close(self) -> None:
        super().close()
        if self.deadline is not None:
            self.deadline.over()


class TLSConnection(smtplib.SMTP_SSL, Connection):
    """The same, encrypted from the first byte."""


class EmailBackend(smtp.EmailBackend):
    made: Connection | None = None

    @property
    def connection_class(self) -> Any:
        return self.connect

    def connect(self, host: str, port: int, **options: Any) -> Connection:
        self.made = (
            TLSConnection(host, port, **options) if self.use_ssl else Connection(host, port, **options)
        )
        return self.made

    def open(self) -> Any:
        """As Django does it, but what can't be used is closed at once."""
        try:
            return super().open()
        except Exception:
            if self.made is not None:
                self.made.close()
            raise
