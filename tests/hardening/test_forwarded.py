"""What proxies say is read in every form that they write, and only as far as trusted ones wrote it (OF4)."""

import ipaddress
import re
import socket

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from hypothesis import example, given
from hypothesis import strategies as st

from tests.hardening.test_live import exchange
from tests.support import environment
from tests.support.servers import start_site
from tests.support.waiting import wait_until
from tfc_auth.proxies import ForwardedHeadersMiddleware

PEER = "10.0.0.1"
TRUSTED = ["10.0.0.0/8", "192.0.2.10", "2001:db8:ffff::/48"]
CLIENT = "203.0.113.7"


@pytest.fixture(autouse=True)
def proxies(settings):
    settings.TRUSTED_PROXIES = TRUSTED


def seen(peer=PEER, **headers):
    """The address and the scheme that the application sees."""
    request = RequestFactory(REMOTE_ADDR=peer).get("/session", headers=headers)
    ForwardedHeadersMiddleware(lambda request: HttpResponse())(request)
    left = [name for name in request.META if "FORWARDED" in name and name != "HTTP_X_FORWARDED_HOST"]
    assert left == []
    return request.META["REMOTE_ADDR"], request.scheme


def address(chain, peer=PEER):
    return seen(peer, **{"X-Forwarded-For": chain})[0]


def of_rfc(header, settings, peer=PEER, **others):
    settings.FORWARDED_HEADER = "forwarded"
    return seen(peer, Forwarded=header, **others)


# ---------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ("203.0.113.7:4711", CLIENT),  # Azure's Application Gateway, AWS if told to
        (" 203.0.113.7 ", CLIENT),
        ("[203.0.113.7]:80", CLIENT),
        ("203.0.113.7:_port", CLIENT),
        ('"203.0.113.7:80"', CLIENT),
        ("::ffff:203.0.113.7", CLIENT),
        ("::ffff:203.0.113.7:4711", CLIENT),
        ("[::ffff:203.0.113.7]:4711", CLIENT),
        ("::FFFF:CB00:7107", CLIENT),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ('"[2001:db8::1]:4711"', "2001:db8::1"),
        ("2001:db8:85a3:8d3:1319:8a2e:370:7348:4711", "2001:db8:85a3:8d3:1319:8a2e:370:7348"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:80", "fe80::1"),
    ],
)
def test_of4_an_address_is_read_as_proxies_write_it(settings, node, expected):
    assert address(f"198.51.100.1, {node}") == expected
    assert address(f"198.51.100.1,{node},10.1.1.1:99,[::ffff:10.2.2.2]:1") == expected
    assert address(f"{node}, ,") == expected  # empty elements count for nothing (RFC 9110)
    quoted = node.strip('" ')
    assert of_rfc(f'for=198.51.100.1, for="{quoted}";proto=https', settings) == (expected, "https")


@pytest.mark.parametrize(
    "node",
    [
        "unknown",
        "UNKNOWN",
        "_hidden",
        "localhost",
        "203.0.113.7:",
        "203.0.113.7:port",
        "203.0.113.007",
        "203.0.113",
        "203.0.113.7.9",
        "203.0.113.7/24",
        "[2001:db8::1",
        "2001:db8::1]",
        "[[2001:db8::1]]",
        "2001:db8:::1",
        "3405803783",
        "0xcb007107",
        "<script>",
        "203.0.113.7 203.0.113.8",
        "٣.1.1.1",
    ],
)
def test_of4_what_is_no_address_counts_for_the_proxy_that_wrote_it(settings, node):
    written = node.encode().decode("latin-1")

    assert address(f"198.51.100.1, {written}") == PEER
    assert address(f"198.51.100.1, {written}, 10.1.1.1") == "10.1.1.1"
    assert of_rfc(f'for=198.51.100.1, for="{written}", for=10.1.1.1', settings)[0] == "10.1.1.1"


@pytest.mark.parametrize("peer", ["10.0.0.1", "::ffff:10.0.0.1", "::FFFF:A00:1", "2001:db8:ffff:1::9"])
def test_of4_a_proxy_is_known_in_each_spelling_of_its_address(peer):
    assert address(CLIENT, peer) == CLIENT


def test_of4_so_it_is_in_the_setting(settings):
    settings.TRUSTED_PROXIES = ["::ffff:10.0.0.0/104", "::ffff:192.0.2.10"]

    assert address(CLIENT, "10.0.0.1") == address(CLIENT, "::ffff:192.0.2.10") == CLIENT
    assert address(CLIENT, "11.0.0.1") == "11.0.0.1"


def test_of4_a_peer_in_another_spelling_is_the_same_address(settings):
    assert address("", "::ffff:203.0.113.7") == CLIENT
    assert address("", "fe80::1%eth0") == "fe80::1"
    assert address("", "") == ""


# ---------------------------------------------------------------- https


@pytest.mark.parametrize(
    ("chain", "proto", "scheme"),
    [
        (CLIENT, "https", "https"),
        (CLIENT, "HTTPS", "https"),
        (CLIENT, " Https ", "https"),
        (CLIENT, '"https"', "https"),
        (CLIENT, "https,", "https"),
        (CLIENT, "https, https", "https"),
        (CLIENT, "http, https", "https"),  # the left one is what the client has claimed
        (CLIENT, "https, http", "http"),
        (CLIENT, "http", "http"),
        (CLIENT, "wss", "http"),
        (CLIENT, "on", "http"),
        (CLIENT, "", "http"),
        # Two trusted proxies: both have written, or only one of them.
        (f"{CLIENT}, 10.1.1.1", "https,http", "https"),
        (f"{CLIENT}, 10.1.1.1", "https", "https"),
        (f"{CLIENT}, 10.1.1.1", "https, http, http", "http"),
        (f"{CLIENT}, 10.1.1.1", "http,https", "http"),
        (f"{CLIENT}, 10.1.1.1, 10.1.1.2", "https, http, http", "https"),
        # The client claims a trusted proxy in front of it.
        (f"10.1.1.1, {CLIENT}", "https, http", "http"),
    ],
)
def test_of4_the_scheme_is_that_of_the_outermost_trusted_proxy(chain, proto, scheme):
    assert seen(**{"X-Forwarded-For": chain, "X-Forwarded-Proto": proto})[1] == scheme


@pytest.mark.parametrize("peer", ["203.0.113.99", "::ffff:203.0.113.99", ""])
def test_of4_a_stranger_makes_nothing_https(settings, peer):
    headers = {"X-Forwarded-Proto": "https", "Forwarded": "proto=https;for=10.0.0.1"}

    assert seen(peer, **headers)[1] == "http"
    settings.FORWARDED_HEADER = "forwarded"
    assert seen(peer, **headers)[1] == "http"


def test_of4_pages_are_shown_and_not_redirected_in_circles(settings, db):
    settings.SECURE_SSL_REDIRECT = True
    settings.TRUSTED_PROXIES = ["127.0.0.1", "10.0.0.0/8"]
    for chain, proto in [(CLIENT, "https, https"), (f"{CLIENT}:99, 10.1.1.1", "https,http"), ("", "HTTPS")]:
        headers = {"X-Forwarded-For": chain, "X-Forwarded-Proto": proto}
        assert Client().get("/session", headers=headers).status_code == 200, headers


# ---------------------------------------------------------------- Forwarded (RFC 7239)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("for=203.0.113.7", (CLIENT, "http")),
        ('For="[2001:db8:cafe::17]:4711"', ("2001:db8:cafe::17", "http")),
        ("for=203.0.113.7;proto=https;by=203.0.113.43", (CLIENT, "https")),
        ('for="[2001:db8::1]:4711";proto=https;by=_x;host="a:8443"', ("2001:db8::1", "https")),
        ("FOR=203.0.113.7;PROTO=HTTPS", (CLIENT, "https")),
        ('for="203.0.113.7" ; proto="https"', (CLIENT, "https")),
        ("for=203.0.113.7:80;proto=https", (CLIENT, "https")),  # without the quotation marks that it needs
        ("for=[2001:db8::1]:80;proto=https", ("2001:db8::1", "https")),
        (r'for="203\.0.113.7";proto=https', (CLIENT, "https")),
        ("for=198.51.100.1;proto=https, for=203.0.113.7;proto=http", (CLIENT, "http")),
        ("for=203.0.113.7;proto=https, for=10.1.1.1;proto=http", (CLIENT, "https")),
        ("for=203.0.113.7, for=10.1.1.1;proto=https", (CLIENT, "http")),
        ('for=203.0.113.7;proto=https;ext="a, b; for=10.9.9.9"', (CLIENT, "https")),
        ("proto=https", (PEER, "https")),
        ("for=unknown;proto=https", (PEER, "https")),
        ("for=_hidden;proto=https, for=10.1.1.1", ("10.1.1.1", "https")),
        ("for=203.0.113.7;proto=https,", (CLIENT, "https")),
        # What a client has left open swallows nothing of what the proxy appends.
        ('for="198.51.100.1, for=203.0.113.7;proto=https', (CLIENT, "https")),
        (r'for="198.51.100.1\, for=203.0.113.7;proto=https', (CLIENT, "https")),
        ('for=1.1.1.1;x=", for="[2001:db8::1]:80";proto=http', ("2001:db8::1", "http")),
        # Beyond the grammar
        ("for=203.0.113.7;for=198.51.100.1", (PEER, "http")),
        ("for = 203.0.113.7", (PEER, "http")),
        ("203.0.113.7", (PEER, "http")),
        ("for=203.0.113.7 proto=https", (PEER, "http")),
        ("", (PEER, "http")),
    ],
)
def test_of4_forwarded_is_read_as_the_rfc_writes_it(settings, header, expected):
    assert of_rfc(header, settings) == expected


@pytest.mark.parametrize("header", ["for=198.51.100.1;proto=https", 'for="[2001:db8::1]"', "proto=https"])
def test_of4_of_two_headers_only_the_one_counts_that_the_setting_names(settings, header):
    """The other one is the client's: a proxy passes on what it does not know."""
    ours = {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "http"}

    assert seen(Forwarded=header, **ours) == (CLIENT, "http")
    assert seen(Forwarded=header) == (PEER, "http")  # not even where ours is missing
    other = {"X-Forwarded-For": "198.51.100.1", "X-Forwarded-Proto": "https"}
    assert of_rfc(f"for={CLIENT}", settings, **other) == (CLIENT, "http")
    assert of_rfc("", settings, **other) == (PEER, "http")


# ---------------------------------------------------------------- forgers

HEADERS = ["X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "X-Forwarded-Ssl", "X-Forwarded-Protocol"]
ADDRESSES = st.ip_addresses().map(str)
NODES = st.one_of(
    ADDRESSES, st.sampled_from(["10.1.1.1", "unknown", "_x", "", '"', "for=", "\\", "[", "]:1"])
)
TEXTS = st.one_of(
    st.lists(NODES, max_size=4).map(", ".join),
    st.text(st.sampled_from(' ,;="\\[]:.10.for=proto=https%_'), max_size=40),
    st.lists(NODES.map('for="{}";proto=https'.format), max_size=3).map(",".join),
)
STRANGERS = ADDRESSES.filter(
    lambda text: (
        not any(
            (getattr(one, "ipv4_mapped", None) or one) in ipaddress.ip_network(network)
            for network in TRUSTED
            for one in [ipaddress.ip_address(text)]
        )
    )
)


def normal(text):
    one = ipaddress.ip_address(text)
    return str(getattr(one, "ipv4_mapped", None) or one)


@given(peer=STRANGERS, forged=st.dictionaries(st.sampled_from(HEADERS), TEXTS))
def test_of4_nobody_outside_of_the_list_changes_their_address(peer, forged):
    assert seen(peer, **forged) == (normal(peer), "http")


@given(
    client=STRANGERS, forged=TEXTS, inner=st.lists(st.sampled_from(["10.1.1.1", "192.0.2.10"]), max_size=2)
)
@example(client="203.0.113.7", forged="10.1.1.1", inner=["10.1.1.1"])
def test_of4_what_a_client_writes_left_of_the_proxies_never_counts(client, forged, inner):
    chain = ", ".join([forged, client, *inner])

    assert seen(**{"X-Forwarded-For": chain, "Forwarded": forged})[0] == normal(client)


@given(
    client=STRANGERS, forged=TEXTS, inner=st.lists(st.sampled_from(["10.1.1.1", "192.0.2.10"]), max_size=2)
)
def test_of4_nor_in_forwarded_whatever_is_left_open(client, forged, inner):
    ours = [f'for="[{client}]:1";proto=http' if ":" in client else f"for={client};proto=http"]
    header = ", ".join([forged, *ours, *(f"for={proxy};proto=https" for proxy in inner)])
    request = RequestFactory(REMOTE_ADDR=PEER).get(
        "/", headers={"Forwarded": header, "X-Forwarded-For": forged}
    )
    middleware = ForwardedHeadersMiddleware(lambda request: HttpResponse())
    middleware.header = "forwarded"
    middleware(request)

    assert (request.META["REMOTE_ADDR"], request.scheme) == (normal(client), "http")


@given(forged=TEXTS, values=st.lists(st.sampled_from(["http", "HTTP", "ftp"]), min_size=1, max_size=1))
def test_of4_nor_does_a_claim_of_https(forged, values):
    proto = ", ".join([forged, *values])

    assert seen(**{"X-Forwarded-For": f"{forged}, {CLIENT}", "X-Forwarded-Proto": proto}) == (CLIENT, "http")


# ---------------------------------------------------------------- budgets, and the log of a real server


@pytest.mark.parametrize("spelling", ["{}:{}", '"{}:{}"', "::ffff:{}:{}"])
def test_of4_the_port_opens_no_budget_and_ten_mistypes_shut_nobody_else_out(settings, db, spelling):
    settings.TRUSTED_PROXIES = ["127.0.0.1"]

    def guess(number, who):
        headers = {"X-Forwarded-For": spelling.format(who, 1000 + number)}
        fields = {"username": f"nobody{number}", "password": "wrong"}
        return Client().post("/session", fields, headers=headers).status_code

    assert [guess(number, CLIENT) for number in range(11)] == [422] * 10 + [429]
    assert guess(12, "198.51.100.1") == 422


@pytest.fixture(scope="module")
def sites(django_db_setup):
    """One that believes this machine, and one that believes another one."""
    url = environment.test_database_url()
    pair = [
        start_site(url, workers=1, HTTPS="1", SITE_URL="https://127.0.0.1", TRUSTED_PROXIES=proxies)
        for proxies in ("127.0.0.1", "192.0.2.1")
    ]
    yield pair
    for site in pair:
        site.stop()


def ask(site, *headers):
    return exchange(site, "GET /session HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("headers", "line"),
    [
        (["X-Forwarded-For: unknown", "X-Forwarded-Proto: https"], "with 'unknown', which is no address"),
        (["X-Forwarded-Proto: https"], "passed on a request without X-Forwarded-For"),
        (["X-Forwarded-For: 203.0.113.7"], "does not say whether a request came over https"),
        (
            ["X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https", "X-Forwarded-Proto: http"],
            "sent 'X-Forwarded-Proto: https,http', which counts as http",
        ),
    ],
)
def test_of4_what_a_proxy_does_wrong_is_logged_once(sites, headers, line):
    for _ in range(3):
        ask(sites[0], *headers)

    wait_until(lambda: line in sites[0].log(), sites[0].log)
    assert sites[0].log().count(line) == 1
    assert re.search(
        rf"WARNING tfc_auth\.proxies \[\w+\] The proxy 127\.0\.0\.1 .*{re.escape(line)}", sites[0].log()
    )


@pytest.mark.django_db(transaction=True)
def test_of4_a_proxy_that_is_not_on_the_list_is_named_once(sites):
    for number in range(3):
        ask(sites[1], f"X-Forwarded-For: 203.0.113.{number}", "X-Forwarded-Proto: https")

    line = "127.0.0.1 sends headers of a proxy, which are ignored: it is not in TRUSTED_PROXIES"
    wait_until(lambda: line in sites[1].log(), sites[1].log)
    assert sites[1].log().count(line) == 1


@pytest.mark.django_db(transaction=True)
def test_of4_a_stranger_does_not_keep_it_from_being_named(sites):
    for peer in ["127.0.0.8", "127.0.0.9"]:
        address = (sites[1].host, sites[1].port)
        with socket.create_connection(address, timeout=60, source_address=(peer, 0)) as connection:
            connection.sendall(b"GET /healthz HTTP/1.0\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n")
            connection.recv(65536)

    wait_until(lambda: "127.0.0.9 sends headers of a proxy" in sites[1].log(), sites[1].log)


@pytest.mark.django_db(transaction=True)
def test_of4_several_lines_of_a_header_are_one_list(sites):
    lines = ["X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: 203.0.113.7:1", "X-Forwarded-Proto: http"]

    assert ask(sites[0], *lines, "X-Forwarded-Proto: https").startswith("HTTP/1.1 200 ")
