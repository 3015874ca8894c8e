"""Format each log record with the id of its request, and escape its control characters."""

import logging
import re
from contextvars import ContextVar

# Links in mails, and where a page leads on to, which may be one of them.
# Mail programs break links: what stands behind blanks belongs to the token, too, if it may be a signature.
TOKENS = re.compile(
    r"(/account/(?:password/reset|confirm)/|/app/invitations/)[=\s]*\S+(?:\s+[A-Za-z0-9_-]{16,}\S*)*"
)
TARGETS = re.compile(r"(\bnext=)[^&\s\"']+")
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


class LineFormatter(logging.Formatter):
    """Escape control characters, so that a user agent or a path can't forge a log record (WH-12)."""

    def __init__(self, line: str = LINE) -> None:
        super().__init__(line, defaults={"request_id": "-"})

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        return escape_controls(mask_tokens(super().formatMessage(record)))

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        first, *rest = line.split("\n")
        # A traceback keeps its lines, indented, so that none can look like a record.
        return "\n".join([first, *("    " + escape_controls(mask_tokens(row)) for row in rest)])


def mask_tokens(text: str) -> str:
    """Return text without the tokens of links: a reader of logs must not be able to reset passwords (R39)."""
    return TARGETS.sub(r"\1***", TOKENS.sub(r"\1***", text))


def escape_controls(text: str) -> str:
    """Return text with control characters as \\xNN escapes."""
    if text.isprintable():  # as nearly all lines are
        return text
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
