"""Every status of the API has one form, also when the database is away."""

import pytest
from django.db import OperationalError, connection
from django.test import override_settings

from tests.api.clients import API, ApiClient, api_client, document, token_of
from tests.hardening.test_bodies import raw_answer
from tests.support.crawl_programs import complaints_about_errors
from tests.support.organizations import found

pytestmark = pytest.mark.django_db(transaction=True)

DETAILS = f"{API}/account/details"


# ---------------------------------------------------------------- every status in one form


def away(*args):
    raise OperationalError("connection to server at /secret/socket failed")


def broken(*args):
    raise RuntimeError("a secret in /the/code.py")


def with_the_database(state):
    def ask(client):
        with connection.execute_wrapper(state):
            return client.get("/account/details")

    return ask


def after_too_many(client):
    wrong = ApiClient("nonsense")
    for _ in range(100):
        wrong.get("/account/details")
    return wrong.get("/account/details")


def within_one_second(client):
    with override_settings(API_REQUESTS_PER_SECOND=1):
        return next(answer for _ in range(50) if (answer := client.get("/ping")).status_code != 204)


ANSWERS = {
    "400": (400, lambda client: client.patch("/account/update", "{")),
    "400 host": (400, lambda client: client.get("/ping", headers={"Host": "evil.example"})),
    "400 NUL": (400, lambda client: client.get("/users/a%00")),
    "400 fields": (400, lambda client: client.get("/organizations?" + "a=b&" * 300)),
    "401": (401, lambda client: ApiClient().get("/account/details")),
    "404": (404, lambda client: client.get("/organizations/nowhere")),
    "404 of the router": (404, lambda client: client.get("/nothing-of-the-kind")),
    "404 of the root": (404, lambda client: client.get("/api/")),
    "404 of another version": (404, lambda client: client.get("/api/v1/account/details")),
    "404 with a slash": (404, lambda client: client.get("/account/details/")),
    "404 POST": (404, lambda client: client.post("/nothing", {"data": {}})),
    "405": (405, lambda client: client.delete("/account/details")),
    "409": (409, lambda client: client.patch("/account/update", document("organizations"))),
    "413": (413, lambda client: client.patch("/account/update", "x" * 2_200_000)),
    "413 barely": (413, lambda client: client.patch("/account/update", "x" * 1_050_000)),
    "413 nowhere": (413, lambda client: client.post("/nothing", "x" * 2_200_000)),
    "415": (415, lambda client: client.patch("/account/update", "{}", content_type="text/plain")),
    "415 charset": (
        415,
        lambda client: client.patch("/account/update", "{}", content_type="application/json; charset=utf-16"),
    ),
    "422": (422, lambda client: client.patch("/account/password", document("users"))),
    "422 limit": (422, after_too_many),
    "429": (429, within_one_second),
    "500": (500, with_the_database(broken)),
    "503": (503, with_the_database(away)),
}


@pytest.mark.parametrize("debug", [False, True], ids=["production", "DEBUG"])
@pytest.mark.parametrize("what", ANSWERS)
def test_every_status_is_an_error_document(alice, settings, what, debug):
    settings.DEBUG = debug
    status, ask = ANSWERS[what]
    client = api_client(alice, raise_request_exception=False)

    answer = ask(client)

    assert answer.status_code == status
    assert list(complaints_about_errors(answer)) == []
    assert answer["TFP-API-Version"] == "2.6"
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies
    text = answer.content.decode().lower()
    for word in ["secret", "traceback", "django", "python", ".py", "evil", client.secret.lower()]:
        assert word not in text
    assert ("Retry-After" in answer) == (status in (429, 503))


def test_answers_say_which_api_this_is(alice):
    answer = api_client(alice).get("/account/details")

    assert answer["Content-Type"] == "application/vnd.api+json"
    assert answer["TFP-API-Version"] == "2.6"
    assert answer["TFP-AppName"] == "TFC Auth"
    assert answer["X-Request-Id"]


def test_head_is_a_get_without_its_body(alice):
    client = api_client(alice)
    page = client.get("/account/details")

    head = client.generic("HEAD", DETAILS)

    assert (head.status_code, head.content) == (200, b"")
    assert head["Content-Length"] == page["Content-Length"] == str(len(page.content))


@pytest.mark.parametrize(("path", "status"), [("/ping", 204), ("/account/details", 200), ("/nothing", 404)])
def test_head_over_the_wire(live_site, alice, path, status):
    head = [f"HEAD {API}{path} HTTP/1.1", "Connection: close", f"Authorization: Bearer {token_of(alice)}"]

    answer = raw_answer(live_site, head)

    assert answer.split()[1] == str(status)
    assert answer.partition("\r\n\r\n")[2] == ""
    assert ("\r\nContent-Length:" in answer) == (status != 204)


def test_a_ping_has_neither_a_body_nor_a_type(live_site):
    answer = raw_answer(live_site, [f"GET {API}/ping HTTP/1.1", "Connection: close"])

    assert answer.startswith("HTTP/1.1 204 ")
    assert "\r\nContent-Length:" not in answer
    assert "\r\nContent-Type:" not in answer
    assert "\r\nTFP-API-Version: 2.6" in answer


@pytest.mark.parametrize("charset", ["undefined", "hex", "idna", "utf-16", "rot13", "unicode-escape"])
@pytest.mark.parametrize(("path", "statuses"), [(f"{API}/ping", [415]), ("/session", [400])])
def test_a_strange_charset_does_not_get_as_far_as_the_query(live_site, charset, path, statuses):
    """Django decodes the query by the charset of the body, before any middleware."""
    head = [f"GET {path}?include=caf%C3%A9 HTTP/1.1", "Connection: close", "Content-Length: 0"]

    answer = raw_answer(live_site, [*head, f"Content-Type: text/plain; charset={charset}"])

    assert int(answer.split()[1]) in statuses
    assert "X-Request-Id" in answer
    assert "\r\nCache-Control: no-store" in answer


# ---------------------------------------------------------------- when the database is away


@pytest.mark.parametrize("path", ["/account/details", "/organizations/acme", "/users/user-0000000000000001"])
def test_nobody_gets_in_while_the_database_is_away(alice, path):
    found("acme", alice)
    clients = [
        api_client(alice, raise_request_exception=False),
        ApiClient("a" * 14 + ".atlasv1." + "b" * 67, raise_request_exception=False),
        ApiClient("nonsense", raise_request_exception=False),
    ]

    with connection.execute_wrapper(away):
        answers = [client.get(path) for client in clients]

    assert [answer.status_code for answer in answers] == [503] * 3
    assert {answer["Retry-After"] for answer in answers} == {"30"}
    assert ApiClient().get(path).status_code == 401
