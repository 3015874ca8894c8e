"""What holds for the answer to every GET of the URLconf, whoever asks."""

import re
from html.parser import HTMLParser

import pytest

from tests.hardening.headers import lacking
from tests.support.crawler import CrawledPage, routes

pytestmark = pytest.mark.django_db

PASSWORDS = ("current-password", "new-password")
# What a field of this name must say, so that password managers and phones fill it in.
AUTOCOMPLETE = {"code": ("one-time-code", "off"), "password": PASSWORDS, "new_password": ("new-password",)}


@pytest.fixture(scope="module")
def answers(everybody):
    """(what, walker wrote, answer) of everybody, everywhere."""
    found = []
    for name, walker in everybody.walkers.items():
        for path in everybody.places.paths():
            answer = walker.get(path)
            found.append((f"{path} as {name}", walker.wrote, answer))
    return found


@pytest.fixture(scope="module")
def pages(answers):
    """(what, text) of everything that is shown, error pages too."""
    return [
        (what, answer.text)
        for what, _, answer in answers
        if answer.text and answer.response["Content-Type"].startswith("text/html")
    ]


def test_no_page_fails(answers, db):
    assert len(routes()) > 70
    assert [(what, answer.status) for what, _, answer in answers if answer.status >= 500] == []


def test_wh_01_every_answer_has_the_headers(answers, db):
    assert [(what, fault) for what, _, answer in answers for fault in lacking(answer.response)] == []


def test_r52_no_get_writes(answers, db):
    assert [what for what, wrote, _ in answers if wrote] == []


class Inline(HTMLParser):
    """Finds what the policy would block."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if (tag == "script" and "src" not in attrs) or tag in ("style", "base", "object", "embed", "iframe"):
            self.found.append(tag)
        self.found += [name for name in attrs if name.startswith("on") or name in ("style", "srcdoc")]
        for name in ("href", "src", "action", "formaction"):
            target = attrs.get(name) or ""
            if re.match(r"(javascript|vbscript|data:text)", target.strip(), re.IGNORECASE):
                self.found.append(target)
            if name in ("src", "action") and re.match(r"([a-z]+:)?//", target):
                self.found.append(target)  # of another site


def test_wh_05_nothing_is_inline_and_nothing_comes_from_elsewhere(pages, db):
    assert [(what, found) for what, text in pages if (found := Inline(text).found)] == []


def test_wh_14_every_field_tells_what_it_is(pages, db):
    wrong = [
        (what, name, said)
        for what, text in pages
        for name, said in re.findall(r'<input(?=[^>]*\bname="(\w+)")(?=[^>]*\bautocomplete="([^"]*)")', text)
        if name in AUTOCOMPLETE and said not in AUTOCOMPLETE[name]
    ]
    silent = [
        (what, tag)
        for what, text in pages
        for tag in re.findall(r'<input[^>]*type="(?:text|password|email)"[^>]*>', text)
        if "/admin/" not in what and "autocomplete=" not in tag
    ]

    assert wrong == []
    assert silent == []


def test_wh_14_nothing_keeps_people_from_pasting(pages, db):
    assert [what for what, text in pages if re.search(r"onpaste|maxlength=\"6\"", text)] == []


@pytest.mark.parametrize(
    ("actor", "path", "name", "expected"),
    [
        ("anonymous", "/session", "username", "username"),
        ("anonymous", "/session", "password", "current-password"),
        ("anonymous", "/account/new", "password", "new-password"),
        ("resetting", "/account/password/reset", "new_password", "new-password"),
        ("pending", "/session/two-factor", "code", "one-time-code"),
        ("setting_up", "/app/settings/two-factor/confirm", "code", "one-time-code"),
        ("expired", "/session/sudo", "code", "one-time-code"),
        ("locked_out", "/session/sudo", "password", "current-password"),
        ("owner", "/app/settings/password", "new_password", "new-password"),
    ],
)
def test_wh_14_autocomplete(everybody, db, actor, path, name, expected):
    tags = [
        tag for tag in re.findall(r"<input[^>]*>", everybody[actor].get(path).text) if f'name="{name}"' in tag
    ]

    assert len(tags) == 1
    assert f'autocomplete="{expected}"' in tags[0]


def test_no_password_is_ever_filled_in(pages, db):
    filled = re.compile(r'<input(?=[^>]*type="password")(?=[^>]*value="[^"]+")')

    assert [what for what, text in pages if filled.search(text)] == []


def test_every_page_has_one_heading_and_a_title(pages, db):
    ours = [(what, text) for what, text in pages if "/admin/" not in what]

    assert [
        what for what, text in ours if text.count("<h1") != 1 or not re.search("<title>[^<]+", text)
    ] == []


def test_every_title_ends_with_the_name_of_the_site(pages, db):
    titles = [(what, re.search("<title>(.*?)</title>", text, re.DOTALL)[1]) for what, text in pages]

    assert len(titles) > 500
    ours = [(what, " ".join(title.split())) for what, title in titles if "/admin/" not in what]
    assert [(what, title) for what, title in ours if not re.fullmatch(r"\S.* · TFC Auth", title)] == []


class Primaries(HTMLParser):
    """Finds the primary buttons in the main part of a page; menus and dialogs have their own."""

    def __init__(self, text):
        super().__init__()
        self.inside, self.found = False, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.inside = (self.inside or tag == "main") and tag != "dialog"
        if self.inside and "button-primary" in (dict(attrs).get("class") or "").split():
            self.found.append(tag)

    def handle_endtag(self, tag):
        self.inside = (self.inside or tag == "dialog") and tag != "main"


def test_every_page_has_one_primary_button_at_most(pages, db):
    counted = [(what, len(Primaries(text).found)) for what, text in pages]

    assert sorted(what for what, number in counted if number > 1) == []
    assert sum(number == 1 for _, number in counted) > 100


def test_forms_post_to_pages_of_this_site(pages, db):
    forms = [form for what, text in pages for form in CrawledPage(what.partition(" ")[0], text).forms]

    assert len(forms) > 100
    assert {form.method for form in forms} == {"get", "post"}
    assert [form.action for form in forms if form.view is None] == []
