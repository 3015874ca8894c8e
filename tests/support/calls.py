"""Count the function calls of a request: CPU without noise, and a ratio to a small page says how much it is.

Requests go in through WSGI, as those of a server do: Django's test client would be counted along with them.
"""

import cProfile
import io
import pstats
import re
from contextlib import contextmanager
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from tests.support.people import mails_have_left

TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="([^"]+)"')
# What these do belongs to the tests: the connection of a test's transaction stays, and it waits for mails.
OF_TESTS = [
    (request_started, close_old_connections),
    (request_finished, close_old_connections),
    (request_finished, mails_have_left),
]


@contextmanager
def without_receivers_of_tests():
    taken = [(signal, receiver) for signal, receiver in OF_TESTS if signal.disconnect(receiver)]
    try:
        yield
    finally:
        for signal, receiver in taken:
            signal.connect(receiver, weak=False)


class Browser:
    """A browser with the cookies of another one, in front of a WSGI application that is made for it."""

    def __init__(self, cookies=None, address="127.0.0.1"):
        self.application = WSGIHandler()
        self.cookies = dict(cookies or {})
        self.address = address
        self.token = ""

    def get(self, path):
        """Return the number of the status."""
        return self.take(self.answer(self.environ("GET", path)))

    def post(self, path, **fields):
        return self.take(self.answer(self.environ("POST", path, fields)))

    def calls(self, method, path, **fields):
        """Return the function calls of a request, once caches are full."""
        self.take(self.answer(self.environ(method, path, fields)))
        profile = cProfile.Profile()
        self.take(self.answer(self.environ(method, path, fields), profile.runcall))
        return pstats.Stats(profile).total_calls

    def environ(self, method, path, fields=None):
        path, _, query = path.partition("?")
        sent = {**(fields or {}), "csrfmiddlewaretoken": self.token} if method == "POST" else {}
        body = urlencode(sent).encode()
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": self.address,
            "HTTP_HOST": "127.0.0.1",
            "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "HTTP_ACCEPT": "text/html",
            "HTTP_ACCEPT_LANGUAGE": "en-GB,en;q=0.5",
            "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.url_scheme": "http",
        }
        if method == "POST":
            environ |= {
                "CONTENT_TYPE": "application/x-www-form-urlencoded",
                "CONTENT_LENGTH": str(len(body)),
            }
        return environ

    def answer(self, environ, run=lambda function: function()):
        """Return the status, the headers and the page."""
        answered = []

        def ask():
            response = self.application(environ, lambda *answer: answered.append(answer))
            page = b"".join(response)
            response.close()
            return page

        with without_receivers_of_tests():
            page = run(ask)
        [(status, headers, *_)] = answered
        return int(status.split()[0]), headers, page

    def take(self, answer):
        """Keep the cookies and the token, and return the status."""
        status, headers, page = answer
        for name, value in headers:
            if name == "Set-Cookie":
                self.cookies |= {key: found.value for key, found in SimpleCookie(value).items()}
        if found := TOKEN.search(page):
            self.token = found[1].decode()
        return status
