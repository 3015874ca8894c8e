"""Crawl the whole site: every route of the URLconf and every form of every page, as each kind of person.

Routes and forms are found, not listed, so new ones are crawled automatically. Only the values of route
arguments (`Places`) and the people are listed, in `crawl_people.py`.
"""

import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.urls import Resolver404, URLResolver, get_resolver, resolve
from django.utils.regex_helper import normalize

from accounts.models import AuditEvent, MailWindow, OutboxMessage, RateLimit, Session

FORM = "application/x-www-form-urlencoded"
FOR_PROGRAMS = "/api/"

# ---------------------------------------------------------------- routes


@dataclass(frozen=True)
class Route:
    template: str  # "/app/%(organization_name)s/leave"
    arguments: tuple[str, ...]

    def __str__(self):
        return self.template.replace("%(", "<").replace(")s", ">")


def routes():
    """Return the routes of pages. tests/api/routes.py has those of the API."""
    return [route for route in all_routes() if not route.template.startswith(FOR_PROGRAMS)]


def all_routes():
    return list(dict.fromkeys(find_routes(get_resolver(), "/", ())))


def find_routes(resolver, prefix, arguments):
    for entry in resolver.url_patterns:
        for template, names in normalize(entry.pattern.regex.pattern):
            here = prefix + template, (*arguments, *names)
            if isinstance(entry, URLResolver):
                yield from find_routes(entry, *here)
            else:
                yield Route(*here)


def view_of(path):
    """Return the name of the view of a path, or None."""
    try:
        match = resolve(urlsplit(path).path)
    except Resolver404:
        return None
    return match.view_name or match._func_path


# ---------------------------------------------------------------- pages


@dataclass(frozen=True)
class Field:
    name: str
    kind: str  # the type of an input, or "select" or "textarea"
    value: str


@dataclass(frozen=True)
class PageForm:
    page: str
    action: str
    method: str
    fields: tuple[Field, ...]

    def __str__(self):
        return f"{self.method.upper()} {self.action} on {self.page}"

    @property
    def view(self):
        return view_of(self.action)

    @property
    def kind(self):
        return self.view, self.method, tuple(field.name for field in self.fields)


class CrawledPage(HTMLParser):
    """The forms and the links of a page."""

    def __init__(self, path, html):
        super().__init__()
        self.path = path
        self.links = []
        self.found = []
        self.ids = {}  # of forms
        self.feed(html)

    @property
    def forms(self):
        return [PageForm(self.path, action, method, tuple(fields)) for action, method, fields in self.found]

    @property
    def parameters(self):
        """Return the query parameters that this page uses in its links and forms."""
        own = [urlsplit(link).query for link in self.links if urlsplit(link).path == urlsplit(self.path).path]
        fields = [field.name for form in self.forms if form.method == "get" for field in form.fields]
        return {name for query in own for name, _ in parse_qsl(query, keep_blank_values=True)} | set(fields)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "a" and attrs.get("href"):
            self.links.append(urljoin(self.path, attrs["href"]))
        elif tag == "form":
            action = urljoin(self.path, attrs.get("action") or self.path)
            self.found.append((action, attrs.get("method", "get").lower(), []))
            self.ids[attrs.get("id")] = self.found[-1]
        elif tag == "button" and attrs.get("formaction") and attrs.get("form") in self.ids:
            # It sends the form elsewhere. What is typed in the form is not for that place.
            _, method, fields = self.ids[attrs["form"]]
            sent = [field for field in fields if field.kind in ("hidden", "checkbox")]
            button = Field(attrs.get("name", ""), "hidden", attrs.get("value", ""))
            self.found.append((urljoin(self.path, attrs["formaction"]), method, [*sent, button]))
        elif tag in ("input", "select", "textarea") and attrs.get("name") and self.found:
            kind = attrs.get("type", "text") if tag == "input" else tag
            kind = "hidden" if "readonly" in attrs else kind
            self.found[-1][2].append(Field(attrs["name"], kind, attrs.get("value") or ""))


# ---------------------------------------------------------------- asking and answering

# What a refused attempt may write: counters, the session's last use, mails about wrong codes, failures.
NOT_COUNTED = (Session, RateLimit, OutboxMessage, MailWindow)
FAILURES = ".failed"  # how the names of such events end
WRITES = re.compile(r'\s*(?:INSERT (?:OR \w+ )?INTO|UPDATE|DELETE FROM) "?(\w+)')
# Once a minute a GET may do this, of a session or a token (docs/security.md, R52).
NOTES_USE = re.compile(
    r'UPDATE "(?:accounts_session|accounts_apitoken|organizations_organizationtoken)"'
    r' SET "last_used_at" = %s WHERE'
)
# /readyz asks whether it could write, with a row that there is not: its id is -1.
PROBES = re.compile(r'UPDATE "accounts_session" SET "user_agent" = %s WHERE "accounts_session"."id" = %s$')
# Columns that count wrong answers: as much a failure as the recorded event. And when a token was last used.
COUNTED_ANYWAY = ("failures", "set_aside_at", "last_used_at")


def dump(left_out=NOT_COUNTED, tables=None):
    """Return all rows by table, of all tables or of `tables`, without `left_out` and recorded failures."""
    rows = {}
    for model in apps.get_models(include_auto_created=True):
        if model in left_out or (tables is not None and model._meta.db_table not in tables):
            continue
        query = model._base_manager.order_by("pk")
        if model is AuditEvent:
            query = query.exclude(event__endswith=FAILURES)
        kept = [field.attname for field in model._meta.concrete_fields if field.name not in COUNTED_ANYWAY]
        rows[model._meta.db_table] = list(query.values_list(*kept))
    return rows


@contextmanager
def undone():
    """Roll back all that the block does."""
    block = transaction.atomic()
    block._from_testcase = True  # as Django's TestCase marks its own, in which durable blocks may stand
    with block:
        yield
        transaction.set_rollback(True)


def body_of(response):
    """Return the bytes of an answer. A file can be read once: the second time it is empty."""
    return b"".join(response) if response.streaming else response.content


@dataclass
class Answer:
    status: int
    response: object
    seconds: float  # of computing: a busy machine is not the site's fault
    changed: list  # names of the tables in which something was different afterwards
    body: bytes

    @property
    def text(self):
        return self.body.decode(errors="replace")

    @property
    def location(self):
        return self.response.get("Location", "")


class Walker:
    """One actor's browser. Each request meets the same state: what the one before did is undone."""

    def __init__(self, client):
        self.client = Client(enforce_csrf_checks=True, raise_request_exception=False)
        self.client.cookies = client.cookies
        for page in ["/session", "/app"]:  # whichever it may see sets the cookie for forms
            self.client.get(page)
        self.cookies = {name: morsel.value for name, morsel in self.client.cookies.items()}
        self.before = None  # a dump
        self.wrote = []  # names of tables

    @property
    def token(self):
        """Return the CSRF token of this browser's forms."""
        return self.cookies["csrf"]

    def get(self, path, headers=None):
        return self.send("GET", path, headers=headers)

    def post(self, path, fields):
        return self.send("POST", path, urlencode(fields, doseq=True).encode(), FORM)

    def send(self, method, path, body=b"", content_type="", headers=None):
        self.client.cookies = SimpleCookie(self.cookies)
        self.wrote = []
        with undone(), connection.execute_wrapper(self.watch):
            began = time.process_time()
            response = self.client.generic(method, path, body, content_type, headers=headers)
            found = body_of(response)  # a file can be read once, and while its rows are there
            seconds = time.process_time() - began
            changed = self.changes()
        return Answer(response.status_code, response, seconds, changed, found)

    @contextmanager
    def having(self, cookies):
        """Add cookies to the browser for the block."""
        own, self.cookies = self.cookies, self.cookies | cookies
        yield
        self.cookies = own

    def watch(self, execute, sql, params, many, context):
        is_probe = bool(PROBES.match(sql)) and params[-1] == -1
        if (write := WRITES.match(sql)) and not NOTES_USE.match(sql) and not is_probe:
            self.wrote.append(write[1])
        return execute(sql, params, many, context)

    def changes(self):
        """Return the names of changed tables. Only written ones are compared: there are no triggers."""
        found = dump(tables=self.wrote) if self.wrote else {}
        return [table for table, rows in found.items() if rows != self.before[table]]

    def page(self, path):
        """Return the page at this path, or None if this person does not get a page."""
        answer = self.get(path)
        if answer.status == 200 and answer.response["Content-Type"].startswith("text/html"):
            return CrawledPage(path, answer.text)
        return None
