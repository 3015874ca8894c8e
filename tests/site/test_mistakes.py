"""Every form tells all mistakes of one submission at once: beside their fields, in our own words.

Forms are found, not listed: everybody's pages are crawled (tests/support/crawler.py). Django's own admin site
has its own words.
"""

import re
from html.parser import HTMLParser

import pytest
from django.contrib.auth import password_validation
from django.core import validators
from django.forms import Field, fields
from django.forms import Form as DjangosForm
from django.test import Client
from django.utils.functional import Promise

from accounts.web.forms import Form
from tests.support.organizations import found
from tests.support.people import PASSWORD, make_user, sign_in

pytestmark = pytest.mark.django_db

NOT_TYPED = ("hidden", "checkbox", "submit", "radio")
SPOILT = {
    "nothing": "",
    "too much": "x" * 3000,
    "a large number": "9" * 40,
    "rubbish": "\u2603 <b>'\"@\u202e",
}


def stock_sentences():
    """What Django says by itself, as the beginnings of its sentences up to the first value."""
    kinds = [kind for kind in vars(fields).values() if isinstance(kind, type) and issubclass(kind, Field)]
    found = [
        str(message) for kind in kinds for message in getattr(kind, "default_error_messages", {}).values()
    ]
    for kind in vars(validators).values():
        message = getattr(kind, "message", None)
        found += [str(message)] if isinstance(message, str | Promise) else []
    found += [
        "Ensure this value",
        "This password is too short. It must contain",
        "This password is too common",
    ]
    found += [password_validation.NumericPasswordValidator().get_error_message()]
    return {sentence.partition("%")[0].strip() for sentence in found} - {""}


STOCK = stock_sentences()


class Told(HTMLParser):
    """The fields and the mistakes of a page."""

    def __init__(self, html):
        super().__init__()
        self.wrong, self.required, self.focused, self.lists, self.described = [], [], [], [], {}
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if "errorlist" in (attrs.get("class") or "").split():
            self.lists.append(attrs.get("id"))
        if tag == "fieldset":
            self.within = (attrs.get("aria-describedby") or "").split()
        if tag not in ("input", "select", "textarea"):
            return
        name = attrs.get("name")
        if "aria-required" in attrs:
            self.required.append(name)
        if "autofocus" in attrs:
            self.focused.append(name)
        if attrs.get("aria-invalid") == "true":
            self.wrong.append(name)
            by = (attrs.get("aria-describedby") or "").split()
            self.described[name] = by or getattr(self, "within", [])


def faults(text, what):
    """What is wrong with a page that tells mistakes, as sentences."""
    page = Told(text)
    yield from (f"{what}: Django says “{sentence}”" for sentence in STOCK if sentence in text)
    for name in page.wrong:
        if not any(described in page.lists for described in page.described[name]):
            yield f"{what}: the mistake of {name} is not beside it"
    if None in page.lists:
        yield f"{what}: a mistake belongs to no field"
    if page.wrong and set(page.focused) - {page.wrong[0]}:
        yield f"{what}: starts at {page.focused}, not at {page.wrong[0]}"
    if not re.search("<title>Error: ", text):
        yield f"{what}: the title tells of no mistake"


def typed_forms(everybody):
    for walker, form in everybody.forms:
        typed = {field.name: field.kind for field in form.fields if field.kind not in NOT_TYPED}
        if typed and form.method == "post" and not form.action.startswith("/admin/"):
            yield walker, form, list(typed)


def test_every_form_tells_its_mistakes_beside_their_fields_and_in_our_words(everybody):
    wrong, refused = [], 0

    for walker, form, typed in typed_forms(everybody):
        kept = {field.name: field.value for field in form.fields if field.kind == "hidden"}
        for what, value in SPOILT.items():
            answer = walker.post(form.action, kept | dict.fromkeys(typed, value))
            if answer.status == 422:
                refused += 1
                wrong += faults(answer.text, f"{form}: {what}")

    assert refused > 60
    assert not wrong, "\n".join(sorted(set(wrong)))


def test_every_form_tells_of_every_field_that_was_left_empty(everybody):
    wrong = []

    for walker, form, typed in typed_forms(everybody):
        kept = {field.name: field.value for field in form.fields if field.kind == "hidden"}
        answer = walker.post(form.action, kept | dict.fromkeys(typed, ""))
        if answer.status == 422:
            page = Told(answer.text)
            missing = [name for name in page.required if name in typed and name not in page.wrong]
            wrong += [f"{form}: {name} was empty, and nothing said so" for name in missing]

    assert not wrong, "\n".join(wrong)


def descendants(kind):
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


def test_every_form_has_the_words_of_the_site():
    own = {
        kind
        for kind in descendants(DjangosForm)
        if kind.__module__.startswith(("accounts.", "organizations."))
    }

    assert len(own) > 20
    assert [kind for kind in own if not issubclass(kind, Form)] == []


# ---------------------------------------------------------------- what only the verbs know


def mistakes(response):
    return {name: list(errors) for name, errors in response.context["form"].errors.items()}


def test_a_sign_up_with_three_mistakes_is_told_all_three(db):
    make_user("alice")

    response = Client().post("/account/new", {"username": "Alice", "email": "nobody", "password": "alice"})

    assert mistakes(response).keys() == {"username", "email", "password"}
    assert Told(response.content.decode()).focused == ["username"]


def test_what_was_typed_is_kept_but_the_password(db):
    page = Client().post("/account/new", {"username": "carol", "email": "nobody", "password": PASSWORD})

    assert 'value="carol"' in page.content.decode()
    assert 'value="nobody"' in page.content.decode()
    assert PASSWORD not in page.content.decode()


def test_a_weak_password_and_a_taken_name_are_told_at_once(db):
    make_user("alice")
    fields = {"username": "alice", "email": "new@example.com", "password": "too short"}

    response = Client().post("/account/new", fields)

    assert mistakes(response).keys() == {"username", "password"}


@pytest.mark.parametrize("password", ["too short", PASSWORD])
def test_a_known_address_stays_a_secret_beside_other_mistakes(db, password):
    make_user("owner", email="owner@example.com")
    answers = [
        Client().post("/account/new", {"username": "a b", "email": email, "password": password})
        for email in ("owner@example.com", "unknown@example.com")
    ]

    assert mistakes(answers[0]) == mistakes(answers[1])
    assert "email" not in mistakes(answers[0])


def test_nobody_tries_names_for_ever_by_a_form_that_fails_anyway(db):
    make_user("alice")
    wrong = {"username": "alice", "email": "nobody", "password": PASSWORD}

    told = ["username" in mistakes(Client().post("/account/new", wrong)) for _ in range(21)]

    assert told[0]
    assert not told[-1]


def test_a_wrong_and_a_weak_password_are_told_at_once(db):
    client = sign_in(make_user("alice"))

    response = client.post("/app/settings/password", {"password": "wrong", "new_password": "too short"})

    assert mistakes(response).keys() == {"password", "new_password"}


def test_a_weak_new_password_costs_no_guess(db):
    client = sign_in(make_user("alice"))
    weak = {"password": PASSWORD, "new_password": "too short"}

    statuses = [client.post("/app/settings/password", weak).status_code for _ in range(12)]

    assert statuses == [422] * 12


def test_an_organization_with_a_taken_name_and_no_address_is_told_both(db):
    founder = make_user("founder")
    found("acme", founder)

    response = sign_in(founder).post("/app/organizations/new", {"name": "ACME", "email": "nobody"})

    assert mistakes(response).keys() == {"name", "email"}


def test_who_may_not_create_organizations_does_not_learn_their_names(db, settings):
    found("acme", make_user("founder"))
    settings.CREATE_ORGANIZATIONS = "staff"
    stranger = sign_in(make_user("stranger"))

    answers = [
        mistakes(stranger.post("/app/organizations/new", {"name": name, "email": "nobody"}))
        for name in ("acme", "nothing")
    ]

    assert answers[0] == answers[1]
    assert answers[0].keys() == {"email"}


def test_after_a_wrong_password_one_starts_at_the_password(db):
    make_user("alice")

    page = Client().post("/session", {"username": "alice", "password": "wrong"}).content.decode()

    assert Told(page).focused == ["password"]
    assert 'value="alice"' in page


def test_minutes_out_of_range_stay_as_they_were_typed(db):
    owner = make_user("owner")
    found("acme", owner)

    page = sign_in(owner).post(
        "/app/acme/settings/authentication/user-sessions",
        {"session_timeout": "5", "session_remember": "a week"},
    )

    text = page.content.decode()
    assert text.count("Enter a whole number of minutes from 60 to 20160.") == 2
    assert 'value="5"' in text
    assert 'value="a week"' in text
