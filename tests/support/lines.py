"""Reads the lines of JSON that audit events become."""

import json
import logging
from contextlib import contextmanager

LOGGER = "tfc_auth.audit"


class Kept(logging.Handler):
    def __init__(self):
        super().__init__()
        self.texts = []

    def emit(self, record):
        self.texts.append(record.getMessage())

    @property
    def events(self):
        return [json.loads(text) for text in self.texts]


@contextmanager
def kept_lines():
    """Yield what collects the lines that are written in the block."""
    handler, logger = Kept(), logging.getLogger(LOGGER)
    logger.addHandler(handler)
    try:
        yield handler
    finally:
        logger.removeHandler(handler)


def lines_in(log):
    """The audit events among the lines of a server's log."""
    found = (json.loads(line) for line in log.splitlines() if line.startswith("{"))
    return [line for line in found if line["logger"] == LOGGER]
