"""Forms behind proxies that change Host, port or scheme, or hide where a form comes from (OF3)."""

import http.client
import json
from urllib.parse import urlencode

import pytest

from tests.api.clients import token_of
from tests.support import environment
from tests.support.organizations import found
from tests.support.people import PASSWORD
from tests.support.servers import start_site
from tests.support.visitor import Visitor, parse_reply
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

URL = "https://auth.example.com:8443"
HOSTS = "auth.example.com,other.example.com,app.internal"
FAULT_OF_PROXY = "The proxy in front of this site doesn't pass on the address that your browser uses"
HIDDEN = "Your browser didn't say which page the form came from"
COOKIES = "your browser may block our cookies"


@pytest.fixture(scope="module")
def site(django_db_setup):
    site = start_site(
        environment.test_database_url(),
        workers=1,
        HTTPS="1",
        SITE_URL=URL,
        ALLOWED_HOSTS=HOSTS,
        TRUSTED_PROXIES="127.0.0.1",
        SUPPORT_EMAIL="help@example.com",
    )
    yield site
    site.stop()


def ask(site, method, path, fields=None, /, **headers):
    """A request as a proxy passes it on; a header that is None is left out."""
    sent = {
        "Host": "auth.example.com:8443",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "203.0.113.7",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    body = urlencode(fields) if fields is not None else None
    if body:
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    connection = http.client.HTTPConnection(site.host, site.port, timeout=60)
    try:
        connection.request(
            method, path, body, {name: value for name, value in sent.items() if value is not None}
        )
        answer = connection.getresponse()
        head = f"HTTP/1.1 {answer.status} x\r\n{answer.headers}".encode()
        return parse_reply(URL, head + answer.read())
    finally:
        connection.close()


def sign_in(site, **headers):
    """Sign in with the form of the page, both by way of the same proxy."""
    of_page = {name: value for name, value in headers.items() if name in ("Host", "X_Forwarded_Proto")}
    page = ask(site, "GET", "/session", **of_page)
    browser = Visitor(URL)
    browser.remember(page)
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    fields = {**page.form().fields, "username": "alice", "password": PASSWORD}
    return ask(site, "POST", "/session", fields, Cookie=cookies, **headers)


# ---------------------------------------------------------------- SITE_URL is what is trusted


@pytest.mark.parametrize(
    "host",
    [
        "auth.example.com:8443",
        "auth.example.com",
        "AUTH.example.com",
        "auth.example.com:443",
        "app.internal:8000",
    ],
)
@pytest.mark.parametrize("said", [{"Origin": URL}, {"Referer": f"{URL}/session"}])
def test_of3_the_form_of_our_page_is_accepted_whatever_the_proxy_makes_of_the_host(site, alice, host, said):
    assert sign_in(site, Host=host, **said).location == "/app"


def test_of3_another_allowed_host_still_works_by_itself(site, alice):
    host = "other.example.com"

    assert sign_in(site, Host=host, Origin=f"https://{host}").location == "/app"


@pytest.mark.parametrize(
    "said",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "https://auth.example.com.evil.example:8443"},
        {"Origin": "https://evil.example", "Referer": f"{URL}/session"},
        {"Referer": "https://evil.example/session"},
        {"Referer": f"https://evil.example/{URL}/"},
        {"Origin": "https://evil.example", "X_Forwarded_Host": "evil.example"},
        {"Origin": "https://evil.example", "Sec_Fetch_Site": "cross-site"},
    ],
)
def test_of3_forms_of_other_sites_are_refused_without_talk_of_proxies(site, alice, said):
    refusal = sign_in(site, **said)

    assert refusal.status == 403
    assert COOKIES in refusal.text
    assert "proxy" not in refusal.text


@pytest.fixture(scope="module")
def site_of_http(django_db_setup):
    """A site over https whose SITE_URL still begins with http://."""
    site = start_site(
        environment.test_database_url(),
        workers=1,
        HTTPS="1",
        SITE_URL="http://auth.example.com",
        ALLOWED_HOSTS="auth.example.com",
        TRUSTED_PROXIES="127.0.0.1",
    )
    yield site
    site.stop()


@pytest.mark.parametrize(
    "said", [{"Origin": "http://auth.example.com"}, {"Referer": "http://auth.example.com/"}]
)
def test_of3_a_page_that_came_over_http_is_not_trusted_whatever_site_url_says(site_of_http, alice, said):
    host = "auth.example.com"

    assert sign_in(site_of_http, Host=host, **said).status == 403
    assert sign_in(site_of_http, Host=host, Origin=f"https://{host}").location == "/app"


# ---------------------------------------------------------------- whose fault it is


def refused_and_logged(site, line, **headers):
    before = len(site.log())
    refusal = sign_in(site, **headers)
    assert refusal.status == 403
    wait_until(lambda: line in site.log(), site.log)
    again = sign_in(site, **headers)
    assert again.status == 403
    assert site.log()[before:].count(line) <= 1  # not for each request
    return refusal.text


@pytest.mark.parametrize(
    ("headers", "line"),
    [
        # SITE_URL lacks the port that browsers use, or has another one
        (
            {"Origin": "https://auth.example.com:9443"},
            "the browser is at https://auth.example.com:9443 (header Origin)",
        ),
        ({"Referer": "https://auth.example.com:7443/x"}, "at https://auth.example.com:7443 (header Referer)"),
        # the proxy claims https, and the browser is at http
        ({"Origin": "http://auth.example.com:8443"}, "at http://auth.example.com:8443 (header Origin)"),
        ({"Referer": "http://auth.example.com/x"}, "at http://auth.example.com (header Referer)"),
        # a tunnel with a name of its own
        (
            {
                "Origin": "https://odd-name.tunnel.example",
                "Host": "app.internal:8000",
                "Sec_Fetch_Site": "same-origin",
                "X_Forwarded_Host": "odd-name.tunnel.example",
            },
            f"X-Forwarded-Host 'odd-name.tunnel.example', the scheme https, and SITE_URL {URL}",
        ),
    ],
)
def test_of3_the_page_says_that_a_proxy_is_at_fault_and_the_log_which_header(site, alice, headers, line):
    text = refused_and_logged(site, line, **headers)

    assert FAULT_OF_PROXY in text
    assert 'href="mailto:help@example.com"' in text
    assert COOKIES not in text


@pytest.mark.parametrize(
    "headers", [{"Origin": "null"}, {"Referer": None}, {"Origin": "null", "Referer": f"{URL}/"}]
)
def test_of3_what_hides_the_origin_is_named(site, alice, headers):
    text = refused_and_logged(site, "its request does not say where it comes from", **headers)

    assert HIDDEN in text
    assert COOKIES not in text


def test_of3_a_browser_without_our_cookie_hears_of_cookies(site):
    refusal = ask(site, "POST", "/session", {"username": "alice"}, Origin=URL)

    assert refusal.status == 403
    assert COOKIES in refusal.text


def test_of3_what_was_typed_is_shown_behind_a_proxy_that_loses_the_port(site, alice):
    page = ask(site, "GET", "/session", Host="auth.example.com")
    cookie = f"__Host-csrf={page.cookies['__Host-csrf'].value}"
    fields = {"username": "typed-by-hand", "csrfmiddlewaretoken": "x" * 64}
    refusal = ask(site, "POST", "/session", fields, Cookie=cookie, Host="auth.example.com", Origin=URL)

    assert refusal.status == 403
    assert "typed-by-hand" in refusal.text


# ---------------------------------------------------------------- hosts


@pytest.mark.parametrize(
    "evidence",
    [
        {"X_Forwarded_Host": "auth.example.com"},
        {"X_Forwarded_Host": "auth.example.com:8443, inner.example"},
        {"Origin": URL},
        {"Referer": f"{URL}/session"},
    ],
)
def test_of3_a_host_that_a_proxy_has_replaced_is_named_as_its_fault(site, evidence):
    refusal = ask(site, "GET", "/session", Host="127.0.0.1:8000", **evidence)

    assert refusal.status == 400
    assert "doesn't pass on the host name" in refusal.text
    line = "The proxy 127.0.0.1 passed on the Host header '127.0.0.1:8000'"
    wait_until(lambda: line in site.log(), site.log)
    assert site.log().count(line) == 1
    assert ask(site, "GET", "/api/v2/ping", Host="127.0.0.1:8000", **evidence).status == 400


@pytest.mark.parametrize(
    "others", [{}, {"X_Forwarded_Host": "evil.example"}, {"Origin": "https://evil.example"}]
)
def test_of3_any_other_host_is_refused_as_before(site, others):
    refusal = ask(site, "GET", "/session", Host="evil.example", **others)

    assert refusal.status == 400
    assert "proxy" not in refusal.text
    assert "evil" not in refusal.text


@pytest.mark.parametrize(
    ("host", "target"),
    [
        ("auth.example.com:8080", f"{URL}/session?a=b"),  # the port of http is not that of https
        ("auth.example.com", f"{URL}/session?a=b"),
        ("other.example.com", "https://other.example.com/session?a=b"),
    ],
)
def test_of3_http_leads_to_the_port_of_https(site, host, target):
    answer = ask(site, "GET", "/session?a=b", Host=host, X_Forwarded_Proto="http")

    assert (answer.status, answer.headers["Location"]) == (301, target)


@pytest.mark.parametrize("host", ["auth.example.com:8443", "auth.example.com", "auth.example.com:443"])
def test_of3_links_of_the_api_have_the_port_that_clients_use(site, alice, host):
    for number in range(2):
        found(f"org-{number}", alice)
    token = f"Bearer {token_of(alice)}"
    answer = ask(site, "GET", "/api/v2/organizations?page[size]=1", Host=host, Authorization=token)

    assert json.loads(answer.text)["links"]["next"].startswith(f"{URL}/api/v2/organizations?page")
