"""The WSGI application for gunicorn and friends."""

import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tfc_auth.settings")


class Request(WSGIRequest):
    """Reads the address as UTF-8, whatever charset the body claims to be in.

    Django would decode the query by it, before any middleware, and with some of Python's codecs that raises.
    So does what it makes of a malformed Content-Type: our middleware refuses that as another charset.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except (ValueError, LookupError):  # parameters in a charset of their own, which there is not
            self.content_type, self.content_params = "", {"charset": "unknown"}


class Application(WSGIHandler):
    request_class = Request


django.setup(set_prefix=False)
application = Application()
