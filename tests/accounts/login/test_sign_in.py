"""The first step of signing in, and where it leads. Guessing passwords: test_passwords.py."""

import json
import re
from urllib.parse import urlencode

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from accounts.models import Session, User
from tests.support.people import PASSWORD, make_user, post_password
from tests.support.two_factor import (
    CHALLENGE,
    answer,
    events_of,
    is_out,
    is_signed_in,
    pending,
    recover,
    text_of,
)

pytestmark = pytest.mark.django_db(transaction=True)

WRONG = "Invalid login or password"
ELSEWHERE = [
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "https:evil.example",
    "\tjavascript:alert(1)",
    "javascript:alert(1)",
    "%2f%2fevil.example",
    "http://127.0.0.1@evil.example",
    "evil.example/app",
    "/app\r\nSet-Cookie: a=b",
    "/" + "a" * 3000,
]


@pytest.mark.parametrize("typed", ["alice", "ALICE", "alice@example.com", "Alice@Example.COM", " alice "])
def test_signs_in_by_name_or_address(alice, typed):
    client = Client()

    response = client.post("/session", {"username": typed, "password": PASSWORD})

    assert response["Location"] == "/app"
    assert is_signed_in(client, alice)


def test_an_unconfirmed_address_signs_nobody_in():
    make_user("alice", email_confirmed_at=None)

    response = Client().post("/session", {"username": "alice@example.com", "password": PASSWORD})

    assert response.status_code == 422
    assert WRONG in response.content.decode()


def test_r5_r6_a_wrong_password_answers_like_an_unknown_account(alice, app_of_alice, bob):
    make_user("carl", is_active=False)
    make_user("dora")
    User.objects.filter(username="dora").update(password=make_password(None))

    answers = [
        Client().post("/session", {"username": name, "password": "wrong"})
        for name in ["alice", "bobby", "carl", "dora", "nobo"]
    ]

    pages = {re.sub(r'value="\w{4,5}"', "", text_of(response)) for response in answers}
    assert len(pages) == 1
    assert WRONG in pages.pop()
    assert len({tuple(sorted(response.headers)) for response in answers}) == 1
    assert {response.status_code for response in answers} == {422}


def test_r6_the_right_password_of_a_closed_account_answers_like_a_wrong_one(alice):
    make_user("carl", is_active=False)
    client = Client()

    response = client.post("/session", {"username": "carl", "password": PASSWORD})

    assert response.status_code == 422
    assert "session" not in client.cookies


def test_lg_19_never_leaves_the_site_after_the_password(alice):
    for target in ELSEWHERE:
        in_query = f"/session?{urlencode({'next': target})}"
        for response in [
            post_password(Client(), alice, next=target),
            Client().post(in_query, {"username": "alice", "password": PASSWORD}),
        ]:
            assert response["Location"] == "/app", target


def test_lg_19_never_leaves_the_site_after_the_second_factor(alice, app_of_alice):
    for target in ELSEWHERE:
        client = Client()
        post_password(client, alice, next=target)

        assert answer(client, app_of_alice.fresh_code())["Location"] == "/app", target


def test_tf4_lg_19_nor_does_the_second_step_listen_to_where_it_is_sent(alice, app_of_alice):
    for target in ELSEWHERE:
        client = Client()
        post_password(client, alice)

        step = f"/session/two-factor?{urlencode({'next': target})}"
        response = client.post(step, {"code": app_of_alice.fresh_code(), "next": target})

        assert response["Location"] == "/app", target


def test_goes_on_to_where_one_wanted_to_go(alice, app_of_alice):
    client = Client()
    wanted = "/app/settings/activity?before=7"
    login = client.get(wanted)["Location"]
    assert login.startswith("/session?next=")
    page = client.get(login).content.decode()
    assert f'name="next" value="{wanted}"' in page

    post_password(client, alice, next=wanted)

    assert recover(client, app_of_alice.codes[0])["Location"] == wanted


@pytest.mark.parametrize("token", ["", "x" * 64])
def test_lg_20_every_step_needs_a_csrf_token(alice, app_of_alice, token):
    strict = Client(enforce_csrf_checks=True)
    signed_in = pending(alice, Client(enforce_csrf_checks=False))
    strict.cookies = signed_in.cookies
    fields = {"csrfmiddlewaretoken": token} if token else {}

    attempts = [
        post_password(strict, alice, **fields),
        strict.post(CHALLENGE, {"code": app_of_alice.fresh_code(), **fields}),
        strict.post("/session/two-factor-recovery", {"code": app_of_alice.codes[0], **fields}),
        strict.post("/session/logout", fields),
    ]

    assert [response.status_code for response in attempts] == [403] * 4
    assert is_out(strict)


def test_lg_20_the_token_of_another_browser_is_refused(alice):
    other = Client(enforce_csrf_checks=True)
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', other.get("/session").content.decode())[1]
    client = Client(enforce_csrf_checks=True)
    client.get("/session")

    assert post_password(client, alice, csrfmiddlewaretoken=token).status_code == 403
    assert post_password(other, alice, csrfmiddlewaretoken=token).status_code == 302


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (json.dumps({"username": "alice", "password": ["wrong", PASSWORD]}), "application/json"),
        ("username=alice&password[]=" + PASSWORD.replace(" ", "+"), "application/x-www-form-urlencoded"),
        ("username=alice", "application/x-www-form-urlencoded"),
    ],
)
def test_lg_17_a_password_of_another_shape_is_none(alice, body, content_type):
    client = Client()

    assert client.post("/session", body, content_type).status_code == 422
    assert is_out(client)


def test_lg_17_many_passwords_in_one_request_are_one_attempt(alice):
    guesses = [f"guess {number}" for number in range(190)]

    several = Client().post("/session", {"username": "alice", "password": [*guesses, PASSWORD, "last"]})

    assert several.status_code == 422
    assert events_of(alice) == ["login.failed"]


def test_lg_17_200_fields_are_too_many(alice):
    response = Client().post("/session", {"username": "alice", "password": ["wrong"] * 500})

    assert response.status_code == 400
    assert events_of(alice) == []


def test_lg_24_the_password_comes_back_in_no_answer(alice, app_of_alice):
    client = Client()
    wrong = "a wrong password, never to be seen again"
    answers = [post_password(client, alice, wrong), post_password(client, alice)]
    answers += [client.get(CHALLENGE), answer(client, "000000"), client.get("/session")]

    for response in answers:
        for secret in (wrong, PASSWORD):
            assert secret not in response.content.decode() + str(response.headers)


def test_signing_in_again_as_somebody_else_ends_the_first_session(alice, bob):
    client = Client()
    post_password(client, alice)
    post_password(client, bob)

    assert is_signed_in(client, bob)
    assert Session.objects.filter(user=alice).count() == 0


def test_the_sign_in_page_of_a_signed_in_person_leads_on(alice):
    client = Client()
    post_password(client, alice)

    assert client.get("/session?next=/app/settings/activity")["Location"] == "/app/settings/activity"


@pytest.mark.parametrize("known", [True, False])
def test_r5_a_spelling_that_is_another_name_spends_no_budget_of_the_name(known):
    """A long s is no s to the look-up. If it were one to the limits, they would tell whether susan exists."""
    if known:
        make_user("susan", email="susan@example.com")
    for _ in range(10):
        post_name("ſusan@example.com", Client(REMOTE_ADDR="198.51.100.1"))

    assert post_name("susan@example.com", Client(REMOTE_ADDR="203.0.113.1")).status_code == 422


def post_name(name, client):
    return client.post("/session", {"username": name, "password": "a wrong sentence"})
