"""Provide a small browser: it keeps cookies, finds forms, and can return a request instead of sending it."""

import http.client
import io
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit


@dataclass
class Form:
    action: str
    method: str
    fields: dict = field(default_factory=dict)  # as a browser would send them, nothing filled in
    buttons: list = field(default_factory=list)


@dataclass
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes
    url: str

    @property
    def text(self):
        return self.body.decode(errors="replace")

    @property
    def location(self):
        """Return the target of the redirect as a path, or None."""
        target = self.headers.get("Location")
        return target and urlsplit(urljoin(self.url, target))._replace(scheme="", netloc="").geturl()

    @property
    def cookies(self):
        """Return the cookies that it sets: name -> http.cookies.Morsel."""
        jar = SimpleCookie()
        for line in self.headers.get_all("Set-Cookie", []):
            jar.load(line)
        return jar

    @property
    def forms(self):
        parser = FormParser()
        parser.feed(self.text)
        return parser.forms

    def form(self, which=None):
        """Return the POST form with this button text or this end of its action; by default, the last one.

        The last, because the page's own form comes after those of the top bar.
        """
        posting = [form for form in self.forms if form.method == "post"]
        if which is None and posting:
            return posting[-1]
        for form in posting:
            if which in form.buttons or urlsplit(form.action).path.endswith(str(which)):
                return form
        offered = [(form.action, form.buttons) for form in posting]
        raise AssertionError(f"no form {which!r} on {self.url} ({self.status}), only {offered}")


class Visitor:
    """One browser. `post_form` is what most tests want: get the page, fill in its form, send it."""

    def __init__(self, base_url):
        self.base_url = base_url
        self.host = urlsplit(base_url).hostname
        self.port = urlsplit(base_url).port
        self.cookies = {}

    def get(self, url, **headers):
        return self.send("GET", url, **headers)

    def post(self, url, fields, **headers):
        return self.send("POST", url, fields, **headers)

    def post_form(self, url, form=None, /, **fields):
        """Get `url`, fill in one of its forms (see Reply.form) and send it. Redirects are not followed."""
        found, fields = self.fill_in(url, form, fields)
        return self.post(found.action, fields, Referer=urljoin(self.base_url, url))

    def raw_form(self, url, form=None, /, **fields):
        """Return the request of `post_form` as bytes for a volley."""
        found, fields = self.fill_in(url, form, fields)
        return self.raw("POST", found.action, fields, Referer=urljoin(self.base_url, url))

    def fill_in(self, url, form, fields):
        found = self.get(url).form(form)
        found.action = urljoin(urljoin(self.base_url, url), found.action)
        return found, {**found.fields, **fields}

    def follow(self, reply):
        """Follow redirects, as a browser does; return the last reply."""
        for _ in range(10):
            if reply.location is None:
                return reply
            reply = self.get(reply.location)
        raise AssertionError(f"redirected in circles: {reply.url}")

    def send(self, method, url, fields=None, **headers):
        connection = self.connect()
        try:
            target, body, headers = self.prepare(method, url, fields, headers)
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            reply = Reply(response.status, response.headers, response.read(), self.base_url + target)
        finally:
            connection.close()
        self.remember(reply)
        return reply

    def connect(self):
        return http.client.HTTPConnection(self.host, self.port, timeout=60)

    def raw(self, method, url, fields=None, **headers):
        """Return a whole request as bytes."""
        target, body, headers = self.prepare(method, url, fields, headers)
        headers |= {"Host": f"{self.host}:{self.port}", "Content-Length": str(len(body or b""))}
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + (body or b"")

    def prepare(self, method, url, fields, headers):
        parts = urlsplit(urljoin(self.base_url + "/", url))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers["Connection"] = "close"
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if method != "POST":
            return target, None, headers
        headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.base_url}
        return target, urlencode(fields or {}, doseq=True).encode(), headers

    def remember(self, reply):
        """Take over the cookies of a reply, also of a reply from a volley."""
        for name, morsel in reply.cookies.items():
            if morsel["max-age"] == "0" or not morsel.value:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.coded_value


class FormParser(HTMLParser):
    """The forms of a page, with the fields that a browser would send."""

    def __init__(self):
        super().__init__()
        self.forms = []
        self.open_button = None
        self.open_select = None
        self.open_textarea = None

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.forms.append(Form(attrs.get("action") or "", (attrs.get("method") or "get").lower()))
        elif not self.forms:
            return
        elif tag == "input":
            self.handle_input(attrs)
        elif tag == "button" and attrs.get("type", "submit") == "submit":
            self.forms[-1].buttons.append("")
            self.open_button = True
        elif tag == "textarea":
            self.open_textarea = attrs.get("name")
            self.forms[-1].fields[self.open_textarea] = ""
        elif tag == "select":
            self.open_select = attrs.get("name")
        elif tag == "option" and self.open_select:
            self.handle_option(attrs)

    def handle_input(self, attrs):
        kind = attrs.get("type", "text")
        if kind in ("checkbox", "radio") and "checked" not in attrs:
            return
        if attrs.get("name") and kind not in ("submit", "button", "file") and "disabled" not in attrs:
            self.forms[-1].fields[attrs["name"]] = attrs.get("value") or ""

    def handle_option(self, attrs):
        """Take the value of the first option, unless a later one is selected."""
        if "selected" in attrs or self.open_select not in self.forms[-1].fields:
            self.forms[-1].fields[self.open_select] = attrs.get("value", "")

    def handle_data(self, data):
        if self.open_button and data.strip():
            self.forms[-1].buttons[-1] = f"{self.forms[-1].buttons[-1]} {data.strip()}".strip()
        if self.open_textarea:
            self.forms[-1].fields[self.open_textarea] += data

    def handle_endtag(self, tag):
        if tag == "button":
            self.open_button = None
        elif tag == "select":
            self.open_select = None
        elif tag == "textarea":
            self.open_textarea = None


def parse_reply(url, answer):
    """Return a Reply from the bytes of a whole response."""
    if not answer:
        raise AssertionError("the server closed the connection without an answer")
    response = http.client.HTTPResponse(_Bytes(answer))
    response.begin()
    return Reply(response.status, response.headers, response.read(), url)


class _Bytes:
    """What http.client needs of a socket."""

    def __init__(self, answer):
        self.answer = answer

    def makefile(self, mode):
        return io.BytesIO(self.answer)
