"""By what an address counts: an IPv6 network like one address, and whose word for it is believed."""

import itertools

import pytest
from django.test import Client

from accounts.audit import Actor
from accounts.models import ApiToken, AuditEvent
from tests.support.people import PASSWORD, make_user, post_password
from tfc_auth.forwarded import address_of
from tfc_auth.proxies import ForwardedHeadersMiddleware

pytestmark = pytest.mark.django_db(transaction=True)

PROXY, CLIENT = "192.0.2.10", "198.51.100.7"


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:0DB8:0001:0002:bbbb:cccc:dddd:eeee", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        (None, ""),
        ("unix:", "unix:"),
    ],
)
def test_counts_ipv6_by_network(ip, network):
    actor = Actor(user=None, ip=ip, user_agent="", door="html")

    assert actor.network == network


@pytest.mark.parametrize(
    ("ip", "networks"),
    [
        ("198.51.100.7", ("198.51.100.7", "198.51.100.0/24")),
        ("::ffff:198.51.100.7", ("198.51.100.7", "198.51.100.0/24")),
        (
            "2001:db8:1:2abc:aaaa::1",
            ("2001:db8:1:2abc::/64", "2001:db8:1:2a00::/56", "2001:db8:1::/48"),
        ),
        ("64:ff9b::198.51.100.7", ("198.51.100.7", "198.51.100.0/24")),
        ("64:ff9b:1::198.51.100.7", ("64:ff9b:1::/64", "64:ff9b:1::/56", "64:ff9b:1::/48")),
        ("::1", ("::/64", "::/56", "::/48")),
        ("unix:", ("unix:",)),
        (None, ("",)),
    ],
)
def test_sf7_networks_nest(ip, networks):
    assert Actor(user=None, ip=ip, user_agent="", door="html").networks == networks


def test_sf6_a_person_and_the_tokens_of_that_person_are_two_sources(alice):
    five = make_user("5")
    tokens = [
        ApiToken(owner=alice, created_by_id=alice.pk),
        ApiToken(owner=alice, created_by_id=None),
        ApiToken(owner=five, created_by_id=None),
        ApiToken(owner=five, created_by_id=five.pk),
    ]
    actors = [Actor(user=token.owner, ip=None, user_agent="", door="api", token=token) for token in tokens]
    actors += [Actor(user=user, ip=None, user_agent="", door="html") for user in (alice, five)]
    actors += [Actor.command()]

    # A person, the tokens of that person however they were made, and the server.
    assert len({actor.source for actor in actors}) == 2 + 2 + 1


def addresses_of_one_network():
    for number in itertools.count(1):
        yield f"2001:db8:1:2::{number:x}"


def try_from(addresses, attempt, most):
    """How often this is taken, each time from the next address."""
    for number, address in zip(range(most), addresses, strict=False):
        if attempt(Client(REMOTE_ADDR=address), number).status_code == 429:
            return number
    return most


def guess_password(client, number):
    return client.post("/session", {"username": f"nobody{number}", "password": "wrong"})


def test_sf7_behind_a_translator_each_ipv4_address_has_a_budget_of_its_own():
    """It reports the whole of IPv4 within one /64."""
    for number in range(12):
        guess_password(Client(REMOTE_ADDR="64:ff9b::198.51.100.7"), number)

    assert guess_password(Client(REMOTE_ADDR="64:ff9b::198.51.100.7"), 98).status_code == 429
    assert guess_password(Client(REMOTE_ADDR="64:ff9b::203.0.113.7"), 99).status_code == 422


def sign_up(client, number):
    fields = {"username": f"new{number}", "email": f"new{number}@example.com", "password": PASSWORD}
    return client.post("/account/new", fields)


def test_r4_one_ipv6_network_can_guess_ten_passwords():
    assert try_from(addresses_of_one_network(), guess_password, 15) == 10
    assert guess_password(Client(REMOTE_ADDR="2001:db8:1:3::1"), 99).status_code == 422


def test_one_ipv6_network_can_sign_up_twenty_times():
    assert try_from(addresses_of_one_network(), sign_up, 25) == 20


def test_pr_05_one_ipv6_network_can_ask_for_twenty_links(mailoutbox):
    users = [make_user(f"user{number}") for number in range(23)]
    for address, user in zip(addresses_of_one_network(), users, strict=False):
        Client(REMOTE_ADDR=address).post("/account/password/forgot", {"email": user.email})

    assert len(mailoutbox) == 20


def test_pr_11_one_ipv6_network_can_try_twenty_links():
    def redeem(client, number):
        client.get(f"/account/password/reset/{number}.aaaa.bbbb")
        return client.post("/account/password/reset", {"new_password": PASSWORD})

    assert try_from(addresses_of_one_network(), redeem, 25) == 20


def test_what_is_recorded_is_the_address_itself(alice):
    post_password(Client(REMOTE_ADDR="2001:db8:1:2::99"), alice, "wrong")

    assert AuditEvent.objects.get(event="login.failed").ip == "2001:db8:1:2::99"


# ---------------------------------------------------------------- proxies


@pytest.fixture
def behind_proxy(settings):
    settings.TRUSTED_PROXIES = [PROXY, "2001:db8:ffff::/48"]


def guess_through(remote, forwarded, number):
    client = Client(REMOTE_ADDR=remote)
    fields = {"username": f"nobody{number}", "password": "wrong"}
    return client.post("/session", fields, headers={"x-forwarded-for": forwarded}).status_code


def test_a_header_from_anybody_else_opens_no_new_budget(behind_proxy):
    statuses = [guess_through(CLIENT, f"203.0.113.{n}", n) for n in range(11)]

    assert statuses == [422] * 10 + [429]


def test_a_proxy_speaks_for_its_clients_and_each_has_a_budget(behind_proxy):
    statuses = [guess_through(PROXY, f"203.0.113.{n}", n) for n in range(11)]
    assert statuses == [422] * 11

    statuses = [guess_through(PROXY, "203.0.113.200", n) for n in range(11)]
    assert statuses == [422] * 10 + [429]


def test_what_a_client_writes_before_the_proxy_does_not_count(behind_proxy):
    statuses = [guess_through(PROXY, f"203.0.113.{n}, {CLIENT}", n) for n in range(11)]

    assert statuses == [422] * 10 + [429]


def test_clients_of_one_ipv6_network_behind_a_proxy_share_a_budget(behind_proxy):
    statuses = [guess_through("2001:db8:ffff::1", f"2001:db8:1:2::{n:x}", n) for n in range(11)]

    assert statuses == [422] * 10 + [429]


@pytest.mark.parametrize("junk", ["", "unknown", "203.0.113.5:", "<script>", "203.0.113.5, _hidden"])
def test_a_proxy_that_names_nobody_is_counted_itself(behind_proxy, junk):
    statuses = [guess_through(PROXY, junk, n) for n in range(11)]

    assert statuses == [422] * 10 + [429]


@pytest.mark.parametrize("remote", [PROXY, f"::ffff:{PROXY}", "2001:db8:ffff:1::9"])
def test_a_proxy_is_recognised_on_a_socket_for_both_families(behind_proxy, remote):
    assert ForwardedHeadersMiddleware(lambda request: None).is_proxy(address_of(remote))


@pytest.mark.parametrize("remote", ["192.0.2.11", "2001:db8:fffe::1", "::ffff:192.0.2.11"])
def test_nobody_else_is_a_proxy(behind_proxy, remote):
    assert not ForwardedHeadersMiddleware(lambda request: None).is_proxy(address_of(remote))
