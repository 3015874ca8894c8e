"""Nonsense in every field, path and query of the site: an error for the person, never one of ours.

Everybody's pages are walked, and what is found there is filled in (tests/support/crawler.py).
"""

import itertools
import json
from urllib.parse import quote, quote_plus, unquote, urlsplit

import pytest

from tests.support import people
from tests.support.crawler import FORM, routes, view_of

pytestmark = pytest.mark.django_db

MOST_SECONDS = 2  # of CPU, which a slow or busy machine does not stretch
BOUNDARY = "-----boundary"

# What stands in a field or a query, percent-encoded as it is sent.
NONSENSE = {
    "empty": "",
    "spaces": "+++",
    "100,000 characters": "x" * 100_000,
    "NUL": "max%00",
    "lone surrogates": "max%ED%A0%80%ED%BF%BF",
    "invalid UTF-8": "%FF%FEmax%C3" + quote("\ufffd"),
    "Arabic-Indic digits": quote("١٢٣٤٥٦"),
    "full-width digits": quote("１２３４５６"),
    "right to left and zero-width": quote("\u202e1\u200b2\u200d3\ufeff"),
    "line break": "max%0D%0ABcc:a@b",
    "overlong number": "9" * 5000,
    "signs": "%25%5F%25%27%22%5C",
}
# What stands in a path in the place of a name or an id.
NO_NAMES = [
    "nobody-is-called-this",
    "-1",
    "9" * 19,
    "9" * 5000,
    "x" * 41,
    "max%00",
    "%2e%2e",
    "%ED%A0%80",
    "%FF",
    quote("١"),
    quote("\u202exam\u200b"),
    "a%0D%0Ab",
    "%27%20OR%201%3D1",
]
# Besides what the forms and links of a page show.
PARAMETERS = {"next", "after", "before", "page", "factor", "q", "status", "sent", "without_two_factor"}
PARAMETERS_OF_ADMIN = {"q", "p", "o", "e", "_to_field"}

# Who walks where: on the everybody, on the admin everybody.
WALKS = (["anonymous", "owner", "member"], ["anonymous", "staff"])
# The fields that are not being spoilt hold what would be right, so that the spoilt one decides.
RIGHT = {
    "username": "brand-new",
    "email": "brand-new@example.com",
    "password": people.PASSWORD,
    "new_password": "another correct horse battery",
    "code": "000000",
    "method": "sms",
    "phone_number": "(202) 555-0143",
    "name": "brand-new",
    "reason": "because",
}
RIGHT_ON = {("accounts:sign_in", "username"): "max"}
# Nothing that a person types: what is sent instead may be overlooked, if only it does no harm.
NOT_TYPED = ("hidden", "checkbox", "submit")
# What may stand in a text that only people read.
JUST_TEXT = set(NONSENSE) - {"empty", "spaces", "100,000 characters", "NUL", "overlong number"}
# What may be left out: then it is what it was.
OPTIONAL = {"session_timeout", "session_remember", "successor"}
# And what a form does without any field: a member who owns nothing alone leaves nothing to be said.
NOTHING_TO_SAY = {"successor"}
LEFT_OUT = {"missing", "empty", "spaces", "repeated", "as a list", "a file"}
TOKEN = "csrfmiddlewaretoken"
PARTS = 4  # of one long test, so that it can run in parallel


# They say of each row that was sent what is wrong with it, and do nothing.
SHOW_WHAT_WAS_SENT = {"organizations:invite_preview"}


def complaints(answer, what, *, harmless=False, shows=False):
    """What is wrong with an answer, as sentences. What is harmless may be overlooked, and the rest done."""
    if answer.status >= 500:
        yield f"{what}: {answer.status} {answer.response.exc_info and answer.response.exc_info[1]!r}"
    if answer.status < 300 and not harmless and not shows:
        yield f"{what}: taken ({answer.status})"
    if answer.changed and not harmless:
        yield f"{what}: changed {answer.changed} ({answer.status})"
    if answer.seconds > MOST_SECONDS:
        yield f"{what}: took {answer.seconds:.1f} s"
    if urlsplit(answer.location).netloc not in ("", "testserver"):
        yield f"{what}: sends to {answer.location}"


# ---------------------------------------------------------------- forms


def right_values(form):
    known = {**RIGHT, **{name: value for (view, name), value in RIGHT_ON.items() if view == form.view}}
    return {
        field.name: field.value if field.kind in NOT_TYPED else known.get(field.name, field.value)
        for field in form.fields
    }


def encoded(values, **raw):
    parts = [f"{name}={quote_plus(value)}" for name, value in values.items() if name not in raw]
    return "&".join([*parts, *(f"{name}={value}" for name, value in raw.items())]).encode()


def spoilt(form, name):
    """(what, body, content type): one field of a form in all the wrong ways."""
    values = right_values(form)
    others = {other: value for other, value in values.items() if other != name}
    yield "missing", encoded(others), FORM
    for what, raw in NONSENSE.items():
        yield what, encoded(values, **{name: raw}), FORM
    yield "repeated", encoded(values, **{name: f"{quote_plus(values[name])}&{name}="}), FORM
    yield "as a list", encoded(others, **{f"{name}[]": "a"}), FORM
    yield "a file", multipart(others, name), f"multipart/form-data; boundary={BOUNDARY}"


def multipart(others, file_name):
    parts = [f'name="{name}"\r\n\r\n{value}' for name, value in others.items()]
    parts.append(f'name="{file_name}"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nmax')
    lines = "".join(f"--{BOUNDARY}\r\nContent-Disposition: form-data; {part}\r\n" for part in parts)
    return f"{lines}--{BOUNDARY}--\r\n".encode()


def other_bodies(form):
    """(what, body, content type): bodies that are no form."""
    values = right_values(form)
    yield "JSON", json.dumps(values).encode(), "application/json"
    yield "deep JSON", b"[" * 100_000, "application/json"
    yield "text", encoded(values), "text/plain"
    yield "no content type", encoded(values), ""
    yield "a strange charset", encoded(values), f"{FORM}; charset=utf-16"
    yield "no charset", encoded(values), f"{FORM}; charset=undefined"
    yield "multipart without boundary", encoded(values), "multipart/form-data"
    yield "multipart without a part", f"--{BOUNDARY}--".encode(), f"multipart/form-data; boundary={BOUNDARY}"
    yield "multipart of one line", f"--{BOUNDARY}".encode(), f"multipart/form-data; boundary={BOUNDARY}"
    charset = f"multipart/form-data; boundary={BOUNDARY}; charset=undefined"
    yield "multipart in no charset", multipart(values, "a"), charset


def may_be(name, what):
    """Whether a field can be left out, or takes this as the text that it is."""
    return (name in OPTIONAL and what in LEFT_OUT) or (name == "reason" and what in JUST_TEXT)


def sent(walker, form, body, content_type):
    """Send it as a browser does; but the token goes into a header, so that the body can be anything."""
    if form.method == "get":
        return walker.get(f"{urlsplit(form.action).path}?{body.decode()}")
    return walker.send("POST", form.action, body, content_type, {"X-CSRFToken": walker.token})


@pytest.mark.parametrize("part", range(PARTS))
def test_spoilt_forms_change_nothing(everybody, part):
    wrong = []

    for walker, form in everybody.forms[part::PARTS]:
        typed = {field.name for field in form.fields if field.kind not in NOT_TYPED}
        for name in [field.name for field in form.fields if field.name != TOKEN]:
            for what, body, content_type in spoilt(form, name):
                free = form.method == "get" or name not in typed or may_be(name, what)
                answer = sent(walker, form, body, content_type)
                shows = form.view in SHOW_WHAT_WAS_SENT
                wrong += complaints(answer, f"{form}: {name} {what}", harmless=free, shows=shows)
        for what, body, content_type in other_bodies(form) if form.method == "post" else ():
            answer = sent(walker, form, body, content_type)
            wrong += complaints(answer, f"{form}: {what}", harmless=typed <= NOTHING_TO_SAY)

    assert not wrong, "\n".join(wrong)


def test_every_action_has_a_form_that_was_filled_in(everybody):
    """An action on nobody's page is not walked: give somebody in tests/support/crawl_people.py that page."""
    owner = everybody["owner"]
    filled_in = {form.view for _, form in everybody.forms if form.method == "post"}

    paths = [path for path in everybody.places.paths() if not path.startswith("/admin/")]
    actions = {view_of(path) for path in paths if owner.post(path, {TOKEN: owner.token}).status != 405}

    # Twilio's, which signs what it sends, and the form on the answer to another form
    # (tests/organizations/members/test_stopping_lists.py spoils that).
    assert actions - filled_in == {"accounts:sms_status", "organizations:start_batch"}


def test_wh_06_a_form_without_its_token_is_refused(everybody, db):
    forms = [(walker, form) for walker, form in everybody.forms if form.method == "post"]
    kinds = ["missing", "of another browser", "good, but sent by another site"]
    asked = [(what, *pair) for what in kinds for pair in forms]
    # All go through the same middleware: the first stands for them.
    asked += [(what, *forms[0]) for what in NONSENSE]
    wrong = []

    for what, walker, form in asked:
        other = next(one.token for one in everybody.walkers.values() if one.token != walker.token)
        token = {"missing": "", "of another browser": other}.get(what, NONSENSE.get(what, walker.token))
        headers = {"Origin": "https://evil.example"} if what.startswith("good") else None
        body = encoded(right_values(form), **{TOKEN: token})
        answer = walker.send("POST", form.action, body, FORM, headers)
        wrong += complaints(answer, f"{form}: {what}")
        if answer.status != 403 or walker.wrote or "This form has expired" not in answer.text:
            wrong.append(f"{form}: {what}: {answer.status}")

    assert forms
    assert not wrong, "\n".join(wrong)


# ---------------------------------------------------------------- paths


def spoilt_paths(places):
    """Every route with every argument replaced by what is somebody else's, is not there, or is nonsense."""
    for route in routes():
        for name in route.arguments:
            for value in [*places.foreign.get(name, []), *NO_NAMES]:
                yield places.path(route, **{name: value})


@pytest.mark.parametrize("actor", ["anonymous", "owner", "member", "staff"])
def test_nobody_gets_anywhere_with_a_spoilt_path(everybody, actor):
    walker, wrong = everybody[actor], []

    for path in spoilt_paths(everybody.places):
        if actor in WALKS[path.startswith("/admin/")]:
            wrong += complaints(walker.get(path), f"GET {path[:80]}")
            if view_of(path):
                answer = walker.post(path, {TOKEN: walker.token, **RIGHT})
                wrong += complaints(answer, f"POST {path[:80]}")

    assert not wrong, "\n".join(wrong)


# ---------------------------------------------------------------- queries, headers, cookies


def one_page_of_each_view(pages):
    return {view_of(page.path): (walker, page) for walker, page in reversed(pages)}.values()


@pytest.mark.parametrize("part", range(PARTS))
def test_spoilt_queries_change_nothing(everybody, part):
    wrong = []

    for walker, page in list(one_page_of_each_view(everybody.pages))[part::PARTS]:
        of_admin = page.path.startswith("/admin/")
        names = sorted(page.parameters | (PARAMETERS_OF_ADMIN if of_admin else PARAMETERS))
        refused = set()  # names of this page that keep the others from being read
        for what in NONSENSE:
            answer, found = queried(walker, page, names, what)
            wrong += found
            if answer.status == 200 or what == "NUL":  # which the middleware refuses wherever it stands
                continue
            for name in refused:
                wrong += queried(walker, page, [name], what)[1]
            others = [name for name in names if name not in refused]
            answer, found = queried(walker, page, others, what)
            wrong += found
            if answer.status == 200:
                continue
            for name in others:
                answer, found = queried(walker, page, [name], what)
                wrong += found
                if answer.status != 200:
                    refused.add(name)

    assert not wrong, "\n".join(wrong)


def queried(walker, page, names, what):
    """(the answer to this page with nonsense in all of these parameters, complaints)"""
    answer = walker.get(f"{page.path}?{'&'.join(f'{name}={NONSENSE[what]}' for name in names)}")
    return answer, complaints(answer, f"{page.path}: {', '.join(names)} {what}", harmless=True)


HEADERS = [
    "User-Agent",
    "Referer",
    "Origin",
    "Accept",
    "Accept-Language",
    "Accept-Encoding",
    "Cookie",
    "Range",
    "If-None-Match",
    "If-Modified-Since",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Requested-With",
    "X-CSRFToken",
]


def test_spoilt_headers_change_nothing(everybody):
    walker, wrong = everybody["owner"], []

    for header, (what, raw) in itertools.product(HEADERS, NONSENSE.items()):
        value = unquote(raw, "latin-1")
        answer = walker.get("/app/settings/activity", {header: value})
        wrong += complaints(answer, f"GET {header}: {what}", harmless=True)
        fields = encoded({"username": "olga", "password": "wrong", TOKEN: walker.token})
        answer = walker.send("POST", "/session", fields, FORM, {header: value})
        wrong += complaints(answer, f"POST {header}: {what}")

    assert not wrong, "\n".join(wrong)


def test_spoilt_cookies_are_worth_nothing(everybody):
    wrong = []

    owners = {name: walker for walker in everybody.walkers.values() for name in walker.cookies}
    for name, walker in owners.items():
        for what, raw in NONSENSE.items():
            with walker.having({name: unquote(raw, "latin-1")}):
                answer = walker.get("/app/settings/profile")
                wrong += complaints(answer, f"{name} {what}", harmless=name != "session")

    assert not wrong, "\n".join(wrong)
