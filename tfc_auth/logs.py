"""Format each log record with the id of its request, without tokens of links and control characters."""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from tfc_auth.masks import mask_tokens

LINE = "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"

request_id: ContextVar[str] = ContextVar("request_id", default="-")


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        # Django logs a 4xx or 5xx after the middleware has reset the variable.
        of_request = getattr(getattr(record, "request", None), "id", None)
        record.request_id = of_request or request_id.get()
        return True


class RefusalFilter(logging.Filter):
    """Log a refused request as one line at INFO.

    Django logs some of them at ERROR, and with a traceback. A stranger could fill the log with them, and hide
    what an operator has to act on.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno <= logging.INFO or not is_refusal(record):
            return True
        record.levelno, record.levelname = logging.INFO, logging.getLevelName(logging.INFO)
        record.exc_info = record.exc_text = record.stack_info = None
        return logging.getLogger().isEnabledFor(logging.INFO)


def is_refusal(record: logging.LogRecord) -> bool:
    """Return whether Django or gunicorn logs an answer of 4xx with this, or the reason for one."""
    if record.name.startswith("django.security."):
        return True
    if record.name == "gunicorn.error":
        return str(record.msg).startswith("Invalid request from ")
    return record.name == "django.request" and 400 <= getattr(record, "status_code", 500) < 500


def masked(record: logging.LogRecord) -> logging.LogRecord:
    """Return a copy of the record whose values are masked one by one: there it is clear where each ends."""
    copied = logging.makeLogRecord(record.__dict__)
    if isinstance(record.args, tuple):
        copied.args = tuple(map(masked_value, record.args))
    elif isinstance(record.args, dict):  # gunicorn's, for its access log
        copied.args = {name: masked_value(value) for name, value in record.args.items()}
    return copied


def masked_value(value: object) -> object:
    return mask_tokens(str(value)) if isinstance(value, str | BaseException) else value


class LineFormatter(logging.Formatter):
    """Escape control characters, so that a user agent or a path can't forge a log record (WH-12)."""

    def __init__(self, line: str = LINE) -> None:
        super().__init__(line, defaults={"request_id": "-"})

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        return escape_controls(mask_tokens(super().formatMessage(record)))

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(masked(record))
        first, *rest = line.split("\n")
        # A traceback keeps its lines, indented, so that none can look like a record.
        return "\n".join([first, *("    " + escape_controls(mask_tokens(row)) for row in rest)])


class JsonFormatter(logging.Formatter):
    """Write each record as one line of JSON, tracebacks included. What is not ASCII is escaped (WH-12)."""

    def format(self, record: logging.LogRecord) -> str:
        copied = masked(record)
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "logger": record.name,
            "level": record.levelname,
            "request_id": getattr(record, "request_id", None) or request_id.get(),
            "message": mask_tokens(copied.getMessage()),
        }
        if record.exc_info:
            fields["exception"] = mask_lines(self.formatException(record.exc_info))
        if record.stack_info:
            fields["stack"] = mask_lines(record.stack_info)
        return json.dumps(fields)


def mask_lines(text: str) -> str:
    return "\n".join(map(mask_tokens, text.split("\n")))


def escape_controls(text: str) -> str:
    """Return text with control characters as \\xNN escapes."""
    if text.isprintable():  # as nearly all lines are
        return text
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
