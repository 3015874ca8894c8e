"""The site behind real proxies, with what the guide tells to write into them (OF2, OF3, OF4, OF11)."""

import json
import socket
import time
from contextlib import contextmanager

import pytest

from accounts.models import AuditEvent
from tests.api.clients import document, token_of
from tests.hardening.test_chunks import chunks, post, without_length
from tests.hardening.test_live import statuses
from tests.support import environment, haproxy, nginx
from tests.support.machine import no_program
from tests.support.nginx import Nginx, free_ports
from tests.support.people import PASSWORD
from tests.support.servers import start_site
from tests.support.visitor import parse_reply
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(nginx.PROGRAM is None, reason=no_program("nginx")),
]
needs_haproxy = pytest.mark.skipif(haproxy.PROGRAM is None, reason=no_program("haproxy"))

VISITOR = "127.0.0.9"  # another address of this machine, which is no proxy
OUTER = "127.0.0.2"
# What makes nginx send bodies in chunks, as it gets them.
UNBUFFERED = "proxy_set_header Host $http_host;\nproxy_request_buffering off;\nproxy_http_version 1.1;"


def start(https, **settings):
    settings = {"HTTPS": "1", "TRUSTED_PROXIES": "127.0.0.1", "ALLOWED_HOSTS": "127.0.0.1", **settings}
    return start_site(
        environment.test_database_url(), workers=1, SITE_URL=f"https://127.0.0.1:{https}", **settings
    )


@contextmanager
def stopping(*programs):
    try:
        yield programs
    finally:
        for program in reversed(programs):
            program.stop()


@pytest.fixture(scope="module")
def alone(django_db_setup):
    """The nginx of the guide on another port than 443, and its site."""
    ports = free_ports(2)
    site = start(ports[1])
    with stopping(site, Nginx(site, ports=ports)) as (_, proxy):
        yield proxy, site


@pytest.fixture(scope="module")
def behind_two(django_db_setup):
    """One proxy ends TLS, and another one behind it is that of the guide's section about two."""
    ports = free_ports(2)
    site = start(ports[1], TRUSTED_PROXIES=f"127.0.0.1, {OUTER}".replace(" ", ""))
    inner = Nginx(site, is_inner=True)
    bind = f"proxy_set_header Host $http_host;\nproxy_bind {OUTER};"
    with stopping(
        site, inner, Nginx(inner, ports=ports, changes={"proxy_set_header Host": bind})
    ) as programs:
        yield programs[2], programs[1], site


def sign_in(proxy, address=VISITOR, **headers):
    visitor = proxy.visitor(address)
    found, fields = visitor.fill_in("/session", None, {"username": "alice", "password": PASSWORD})
    return visitor, visitor.post(found.action, fields, **headers)


def recorded_address():
    return AuditEvent.objects.filter(event="login.succeeded").latest("pk").ip


def walk(proxy, alice):
    """What people and programs do, by way of this proxy."""
    visitor, reply = sign_in(proxy)
    assert (reply.status, reply.location) == (302, "/app")
    assert recorded_address() == VISITOR
    assert visitor.follow(reply).status == 200
    page = visitor.get("/app/settings/profile")
    assert page.status == 200
    token = {"Authorization": f"Bearer {token_of(alice)}"}
    answer = proxy.visitor(VISITOR).get("/api/v2/account/details", **token)
    assert json.loads(answer.text)["data"]["attributes"]["username"] == "alice"
    assert proxy.visitor().get("/readyz").text == "ok\n"
    out = visitor.post_form("/app/settings/profile", "/session/logout")
    assert (out.status, out.location) == (302, "/session")
    assert alice.sessions.count() == 0


# ---------------------------------------------------------------- one proxy, another port


def test_of3_on_another_port_than_443_people_and_programs_get_in(alone, alice):
    walk(alone[0], alice)


def test_of3_http_leads_to_that_port(alone):
    answer = parse_reply("x", alone[0].ask("GET /session?a=b HTTP/1.1", tls=False))

    assert (answer.status, answer.headers["Location"]) == (301, f"{alone[0].url}/session?a=b")


def test_of3_an_nginx_that_loses_the_port_does_no_harm(alone, alice):
    """As the guide had it once, and many others have."""
    _, site = alone
    lossy = Nginx(site, changes={"proxy_set_header Host": "proxy_set_header Host $host;"})
    with stopping(lossy):
        visitor = lossy.visitor(VISITOR)
        page = visitor.get("/session")
        fields = {**page.form().fields, "username": "alice", "password": PASSWORD}
        raw = visitor.raw("POST", "/session", fields).decode()
        raw = raw.replace(lossy.url, alone[0].url)  # the browser is at SITE_URL: a router forwards the port
        head, _, body = raw.partition("\r\n\r\n")
        lines = [line for line in head.split("\r\n") if not line.startswith(("Host:", "Connection:"))]
        reply = parse_reply("x", lossy.ask(*lines, body=body))
    assert (reply.status, reply.location) == (302, "/app")


def test_of3_an_nginx_that_passes_its_upstream_for_the_host_is_named(alone):
    _, site = alone
    replacing = Nginx(site, changes={"proxy_set_header Host": "proxy_set_header Host app.internal;"})
    with stopping(replacing):
        refusal = replacing.visitor().get("/session", Referer=f"{alone[0].url}/")

    assert refusal.status == 400
    assert "doesn't pass on the host name" in refusal.text
    line = "The proxy 127.0.0.1 passed on the Host header 'app.internal'"
    wait_until(lambda: line in site.log(), site.log)


def test_of3_an_nginx_that_hides_where_forms_come_from_is_named(alone, alice):
    hiding = 'proxy_set_header Host $http_host;\nproxy_set_header Origin "";\nproxy_set_header Referer "";'
    with stopping(Nginx(alone[1], changes={"proxy_set_header Host": hiding})) as (proxy,):
        _, reply = sign_in(proxy)

    assert reply.status == 403
    assert "Your browser didn't say which page the form came from" in reply.text


def test_of4_mistypes_of_one_visitor_shut_nobody_else_out(alone, alice):
    def guess(address, number):
        visitor = alone[0].visitor(address)
        forged = {"X-Forwarded-For": f"198.51.100.{number}", "Forwarded": f"for=198.51.100.{number}"}
        found, fields = visitor.fill_in(
            "/session", None, {"username": f"nobody{number}", "password": "wrong"}
        )
        return visitor.post(found.action, fields, **forged).status

    assert [guess(VISITOR, number) for number in range(11)] == [422] * 10 + [429]
    assert guess("127.0.0.10", 12) == 422
    assert sign_in(alone[0], "127.0.0.11")[1].location == "/app"


# ---------------------------------------------------------------- chunks


@pytest.fixture(scope="module")
def unbuffered(alone):
    with stopping(Nginx(alone[1], changes={"proxy_set_header Host": UNBUFFERED})) as (proxy,):
        yield proxy


def in_chunks(proxy, raw, size=11):
    lines, body = without_length(raw, size)
    return parse_reply("x", proxy.ask(*lines[:1], *without_host(lines), body=body))


def without_host(lines):
    return [line for line in lines[1:] if not line.startswith(("Host:", "Connection:"))]


@pytest.mark.parametrize("which", ["buffered", "unbuffered"])
def test_of2_bodies_in_chunks_get_through_nginx(alone, unbuffered, alice, which):
    proxy = {"buffered": alone[0], "unbuffered": unbuffered}[which]
    visitor = proxy.visitor(VISITOR)
    raw = visitor.raw_form("/session", username="alice", password=PASSWORD)
    raw = raw.replace(proxy.url.encode(), alone[0].url.encode())
    assert in_chunks(proxy, raw).location == "/app"

    body = json.dumps(document("organizations", name=f"in-{which}", email="hi@acme.example"))
    token, kind = f"Authorization: Bearer {token_of(alice)}", "application/vnd.api+json"
    lines = post(token, path="/api/v2/organizations", content_type=kind)
    answer = proxy.ask(*lines[:1], *without_host(lines), body=chunks(body, 9))
    assert statuses(answer.decode()) == [201]


def test_of2_too_much_is_refused_by_either(alone, unbuffered):
    lines = post()
    body = chunks("x" * 3 * 1024 * 1024, 65536)
    by_nginx = unbuffered.ask(*lines[:1], *without_host(lines), body=body)
    limit = f"{UNBUFFERED}\nproxy_read_timeout 30;"
    with stopping(
        Nginx(alone[1], changes={"client_max_body_size": "client_max_body_size 9m;", "header Host": limit})
    ) as (proxy,):
        by_us = proxy.ask(*lines[:1], *without_host(lines), body=body)

    assert statuses(by_nginx.decode()) == statuses(by_us.decode()) == [413]
    assert "larger than we accept" in by_us.decode()


def test_of2_a_body_that_trickles_in_is_ended_and_its_thread_is_free_again(alone):
    _, site = alone
    begun = time.monotonic()
    connections = [
        socket.create_connection((site.host, site.port), timeout=40) for _ in range(4)
    ]  # all threads
    for connection in connections:
        connection.sendall("\r\n".join([*post("X-Forwarded-Proto: https"), "", "5\r\nab"]).encode())
    time.sleep(5)
    connections[0].sendall(b"c")  # bytes now and then keep no thread either
    answers = [connection.makefile("rb").read().decode() for connection in connections]  # until it is closed
    for connection in connections:
        connection.close()

    assert [statuses(answer) for answer in answers] == [[408]] * 4
    assert "didn't arrive in time" in answers[0]
    assert time.monotonic() - begun > 10
    assert alone[0].visitor().get("/session").status == 200


# ---------------------------------------------------------------- two proxies


def test_of4_behind_two_proxies_people_and_programs_get_in(behind_two, alice):
    walk(behind_two[0], alice)


@pytest.mark.parametrize("proto", ["https", "http", "https, https"])
def test_of4_who_gets_past_the_outer_proxy_is_who_they_are(behind_two, alice, proto):
    _, inner, _ = behind_two
    headers = (f"X-Forwarded-Proto: {proto}", f"X-Forwarded-For: 203.0.113.7, {OUTER}")
    answer = parse_reply("x", inner.ask("GET /session HTTP/1.1", *headers, tls=False, address=VISITOR))

    assert answer.status == 301  # plain HTTP, whatever they claim


def test_of4_what_a_visitor_claims_counts_behind_two_no_more_than_behind_one(behind_two, alice):
    outer, *_ = behind_two
    forged = {
        "X-Forwarded-For": f"203.0.113.7, {OUTER}, 127.0.0.1",
        "X-Forwarded-Proto": "http",
        "Forwarded": "for=203.0.113.7;proto=http",
    }
    _, reply = sign_in(outer, **forged)

    assert reply.location == "/app"
    assert recorded_address() == VISITOR


def test_of4_an_outer_proxy_that_is_not_on_the_list_is_found_in_the_log(django_db_setup, alice):
    site = start(443)  # believes 127.0.0.1 only
    inner = Nginx(site, is_inner=True)
    bind = f"proxy_set_header Host $http_host;\nproxy_bind {OUTER};"
    with stopping(site, inner, Nginx(inner, changes={"proxy_set_header Host": bind})) as (_, _, outer):
        assert outer.visitor(VISITOR).get("/session").status == 301
        line = "The proxy 127.0.0.1 sent 'X-Forwarded-Proto: https, http', which counts as http"
        wait_until(lambda: line in site.log(), site.log)


# ---------------------------------------------------------------- haproxy


@needs_haproxy
@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded"])
def test_of4_behind_haproxy_with_either_header(django_db_setup, alice, header):
    [port] = free_ports(1)
    site = start(port, FORWARDED_HEADER=header)
    lines = haproxy.FORWARDED if header == "forwarded" else haproxy.X_FORWARDED
    with stopping(site, haproxy.HAProxy(site, port, lines)) as (_, proxy):
        walk(proxy, alice)
        visitor = proxy.visitor(VISITOR)
        raw = visitor.raw_form("/session", username="alice", password=PASSWORD)
        head, body = without_length(raw)
        connection = visitor.connect()
        connection.connect()
        connection.sock.sendall("\r\n".join([*head, "", body]).encode())
        answer = connection.sock.recv(65536).decode()
        connection.close()
        assert "location: /app" in answer.lower(), answer
        _, forged = sign_in(
            proxy, **{"Forwarded": "for=203.0.113.7;proto=http", "X-Forwarded-For": "203.0.113.7"}
        )
        assert forged.location == "/app"
        assert recorded_address() == VISITOR
