"""The doors of the API, tried from outside: tokens of all shapes, cookies, methods, other sites, guessing."""

import base64

import pytest
from django.test import Client

from accounts.audit import Actor
from accounts.exceptions import RateLimited
from accounts.models import ApiToken, RateLimit, Session
from accounts.tokens import lookup
from tests.api.clients import (
    API,
    ApiClient,
    LiveClient,
    api_client,
    document,
    token_of,
    token_of_organization,
)
from tests.api.routes import OPERATIONS
from tests.hardening.test_bodies import raw_answer
from tests.support import people
from tests.support.crawl_programs import complaints_about_errors
from tests.support.crawler import FORM
from tests.support.organizations import found, lift, require

pytestmark = pytest.mark.django_db(transaction=True)

DETAILS = f"{API}/account/details"
CORS = "access-control-"


def status_of(path=DETAILS, client=None, method="GET", **headers):
    """The status of an answer, which must have our form if it is a refusal."""
    answer = (client or Client(raise_request_exception=False)).generic(method, path, headers=headers)
    if answer.status_code >= 400:
        assert list(complaints_about_errors(answer)) == []
    return answer.status_code


# ---------------------------------------------------------------- AP-01: tokens of all shapes


def spoilt(secret):
    basic = base64.b64encode(f"alice:{secret}".encode()).decode()
    return {
        "nothing": "",
        "the scheme alone": "Bearer",
        "an empty token": "Bearer ",
        "the token alone": secret,
        "another scheme": f"Token {secret}",
        "Basic": f"Basic {basic}",
        "Basic with the word": f"Bearer {basic}",
        "a trailing space": f"Bearer {secret} ",
        "two spaces": f"Bearer  {secret}",
        "a tab": f"Bearer\t{secret}",
        "two tokens": f"Bearer {secret}, Bearer {secret}",
        "two tokens in one": f"Bearer {secret},{secret}",
        "quoted": f'Bearer "{secret}"',
        "a name": f"Bearer token={secret}",
        "the first half": f"Bearer {secret[:45]}",
        "all but the last": f"Bearer {secret[:-1]}",
        "one more": f"Bearer {secret}x",
        "another last letter": f"Bearer {secret[:-1]}{'a' if secret[-1] != 'a' else 'b'}",
        "in capitals": f"Bearer {secret.upper()}",
        "the dots elsewhere": f"Bearer {secret.replace('.', '_')}",
        "not ASCII": f"Bearer {secret[:-1]}\xe9",
        "NUL": f"Bearer {secret}\0",
        "a line break": f"Bearer {secret}\n",
        "long": "Bearer " + "x" * 100_000,
        "long behind": f"Bearer {secret}" + "x" * 100_000,
        "spaces behind": f"Bearer {secret}" + " " * 200,
    }


@pytest.mark.parametrize("what", spoilt("x" * 90))
def test_ap_01_what_is_no_token_is_a_401(alice, what):
    header = spoilt(token_of(alice))[what]

    answer = Client().get(DETAILS, headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json() == {"errors": [{"status": "401", "title": "unauthorized"}]}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_ap_01_the_scheme_is_known_in_any_case(alice, scheme):
    assert status_of(Authorization=f"{scheme} {token_of(alice)}") == 200


@pytest.mark.parametrize("name", ["token", "access_token", "api_key", "Authorization", "bearer"])
def test_ap_01_a_token_is_read_in_its_header_only(alice, name):
    secret = token_of(alice)
    client = Client()
    client.cookies[name] = secret

    assert status_of(f"{DETAILS}?{name}={secret}", client) == 401
    body = {"data": {"type": "users", "attributes": {name: secret}}, name: secret}
    assert ApiClient().patch("/account/update", body).status_code == 401
    assert status_of(**{"X-Api-Key": secret, "X-Auth-Token": secret, "Proxy-Authorization": secret}) == 401


def test_ap_01_two_headers_are_none(live_site, alice):
    secret = token_of(alice)
    head = [f"GET {DETAILS} HTTP/1.1", "Connection: close", *[f"Authorization: Bearer {secret}"] * 2]

    status = raw_answer(live_site, head).split()[1]

    assert status in ("400", "401")


def test_ap_01_the_server_says_401_in_json(live_site, alice):
    for header in ["Bearer", f"Basic {token_of(alice)}", "Bearer caf\xe9"]:
        answer = LiveClient(live_site).get(DETAILS, headers={"Authorization": header})

        assert answer.status_code == 401
        assert list(complaints_about_errors(answer)) == []


# ---------------------------------------------------------------- AP-02: cookies


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_ap_02_a_browsers_session_opens_nothing(alice, operation):
    if operation.is_public:
        return
    browser = people.sign_in(alice, client=Client(enforce_csrf_checks=False))
    path = API + operation.template.replace("<", "").replace(">", "")

    for headers in [{}, {"X-CSRFToken": browser.cookies["csrf"].value if "csrf" in browser.cookies else "x"}]:
        answer = browser.generic(operation.method, path, b"{}", "application/vnd.api+json", headers=headers)

        assert answer.status_code == 401
        assert not answer.cookies


def test_ap_02_cookies_beside_a_token_are_not_even_looked_at(alice, bob, django_assert_num_queries):
    """Whose session it is plays no part; nor is it written that it was used."""
    client = ApiClient(token_of(alice))
    client.get("/ping")
    client.cookies = people.sign_in(bob).cookies
    client.cookies["messages"] = "nonsense"
    before = list(Session.objects.values_list())

    with django_assert_num_queries(1):
        answer = client.get("/account/details")

    assert answer.json()["data"]["attributes"]["username"] == "alice"
    assert not answer.cookies
    assert "Cookie" not in answer.get("Vary", "")
    assert list(Session.objects.values_list()) == before


def test_ap_02_the_end_of_a_session_is_not_the_end_of_a_token(alice):
    browser, client = people.sign_in(alice), api_client(alice)

    browser.post("/session/logout")

    assert client.get("/account/details").status_code == 200


# ---------------------------------------------------------------- AP-09, AP-10: methods and other sites


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST", "OPTIONS", "TRACE", "CONNECT", "FOO"])
def test_ap_09_other_methods_are_refused_and_the_right_ones_named(alice, method):
    answer = ApiClient(token_of(alice)).generic(method, DETAILS)

    assert answer.status_code == 405
    assert answer["Allow"] == "GET, HEAD"
    assert list(complaints_about_errors(answer)) == []


def test_ap_09_no_header_or_parameter_makes_another_method(alice):
    client = ApiClient(token_of(alice))
    path = f"{API}/authentication-tokens/{ApiToken.objects.get().public_id}"

    for name in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"]:
        assert client.generic("GET", path, headers={name: "DELETE"}).status_code == 200
        assert client.generic("POST", path, headers={name: "DELETE"}).status_code == 405
    assert client.generic("POST", f"{path}?_method=DELETE").status_code == 405
    assert client.generic("POST", path, b"_method=DELETE", FORM).status_code == 405
    assert ApiToken.objects.count() == 1


def test_ap_09_a_server_does_not_echo_a_trace(live_site, alice):
    secret = token_of(alice)
    head = [f"TRACE {DETAILS} HTTP/1.1", "Connection: close", f"Authorization: Bearer {secret}", "X-Echo: me"]

    answer = raw_answer(live_site, head)

    assert answer.split()[1] in ("400", "405", "501")
    assert secret not in answer
    assert "X-Echo" not in answer


@pytest.mark.parametrize("method", ["OPTIONS", "GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://testserver"])
def test_ap_10_other_sites_are_not_let_in(alice, method, origin):
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization",
    }

    for client in [ApiClient(token_of(alice)), ApiClient()]:
        answer = client.generic(method, DETAILS, headers=headers)

        assert [name for name in answer.headers if name.lower().startswith(CORS)] == []
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
        if method == "OPTIONS":
            assert answer.status_code in (401, 405)


# ---------------------------------------------------------------- AP-11: guessing


FROM_HERE = Actor(user=None, ip="127.0.0.1", user_agent="", door="api")


def is_looked_at(token):
    """Whether a wrong token, from where the tests' clients are, was looked at; else it was refused unseen."""
    try:
        return lookup.find_token(token, actor=FROM_HERE) is None
    except RateLimited:
        return False


def test_ap_11_a_thousand_wrong_tokens_are_refused_before_long_and_right_ones_go_on(alice, bob):
    right = [api_client(alice), api_client(bob)]
    wrong = ApiClient("a" * 14 + ".atlasv1." + "b" * 67)

    answers = [wrong.get("/account/details") for _ in range(10)]
    looked_at = [is_looked_at(wrong.secret) for _ in range(980)]  # by the verb: pages take ten times as long
    answers += [wrong.get("/account/details") for _ in range(10)]

    assert [answer.status_code for answer in answers] == [401] * 10 + [422] * 10
    assert looked_at == [True] * 90 + [False] * 890
    assert answers[-1].json()["errors"][0]["title"] == "limit reached"
    assert list(complaints_about_errors(answers[-1])) == []
    assert [client.get("/account/details").status_code for client in right] == [200, 200]
    assert wrong.get("/account/details", REMOTE_ADDR="192.0.2.1").status_code == 401


def test_ap_11_wrong_tokens_cost_no_password_guess(alice):
    wrong = ApiClient("nonsense")
    for _ in range(120):
        wrong.get("/account/details")

    assert people.post_password(Client(), alice).status_code == 302
    assert {key.split(":")[0] for key in RateLimit.objects.values_list("key", flat=True)} <= {
        "token",
        "password",
        "resend",
    }


def test_ap_11_the_public_door_is_no_way_to_guess_more(db):
    wrong = ApiClient("nonsense")

    assert [wrong.get("/ping").status_code for _ in range(101)] == [204] * 100 + [422]
    assert ApiClient().get("/ping").status_code == 204


# ---------------------------------------------------------------- D2: from the next request on


@pytest.mark.parametrize("path", ["/organizations/acme", "/organizations/acme/organization-memberships"])
def test_d2_a_policy_counts_from_the_next_request_on(live_site, alice, bob, path):
    people.enrol(alice)
    acme = found("acme", alice, members=[bob])
    owner, member = LiveClient(live_site, token_of(alice)), LiveClient(live_site, token_of(bob))
    program = LiveClient(live_site, token_of_organization(acme))
    assert member.get(path).status_code == 200

    changed = owner.patch(
        "/organizations/acme",
        document("organizations", collaborator_auth_policy="two_factor_mandatory"),
    )

    assert changed.status_code == 200
    refused = member.get(path)
    assert refused.status_code == 403
    [error] = refused.json()["errors"]
    assert error["title"] == "two-factor required"
    assert f"{live_site.url}/app/settings/two-factor?next=" in error["detail"]
    assert member.get("/account/details").status_code == 200
    assert owner.get(path).status_code == 200
    assert program.get(path).status_code == 200
    lift(acme)
    assert member.get(path).status_code == 200


def test_d2_enrolling_opens_it_to_a_new_token_and_not_to_the_old_one(live_site, alice, bob):
    people.enrol(alice)
    require(found("acme", alice, members=[bob]))
    old = LiveClient(live_site, token_of(bob))
    assert old.get("/organizations/acme").status_code == 403

    people.enrol(bob)

    refused = old.get("/organizations/acme")
    assert refused.status_code == 403
    assert "/app/settings/tokens" in refused.json()["errors"][0]["detail"]
    assert LiveClient(live_site, token_of(bob)).get("/organizations/acme").status_code == 200


def test_d2_a_reset_takes_the_meaning_from_verified_tokens(live_site, alice, bob):
    """Who enrols anew afterwards has a new device, and old tokens were not made behind that one."""
    _, app = people.enrol(alice), people.enrol(bob)
    require(found("acme", alice, members=[bob]))
    client = LiveClient(live_site, token_of(bob))
    assert client.get("/organizations/acme").status_code == 200

    browser = people.sign_in(bob, app)
    assert browser.post("/app/settings/two-factor/disable", {"password": people.PASSWORD}).status_code == 302

    assert client.get("/organizations/acme").status_code == 403
    people.enrol(bob)
    assert client.get("/organizations/acme").status_code == 403
