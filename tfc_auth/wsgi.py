"""Create the WSGI application for gunicorn and other servers."""

import logging
import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters

from accounts.database import schema
from tfc_auth.static_files import stop_without_static_files

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tfc_auth.settings")


class Request(WSGIRequest):
    """Decode the URL as UTF-8, whatever charset the body declares.

    Django decodes the query with that charset before any middleware runs, and some of Python's codecs raise.
    A malformed Content-Type raises too; here it becomes an unknown charset, which our middleware refuses.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except (ValueError, LookupError):  # a parameter in an unknown charset
            self.content_type, self.content_params = "", {"charset": "unknown"}


class Application(WSGIHandler):
    request_class = Request


django.setup(set_prefix=False)
stop_without_static_files()
schema.known()  # now: later, an upgrade may have put the files of another release in this place
logging.captureWarnings(True)  # they are lines of the log, too
application = Application()
