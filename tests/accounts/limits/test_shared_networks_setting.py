"""SHARED_NETWORKS: how the setting is read, what stops the start, and what the deployment check says."""

import runpy

import pytest
from django.core.exceptions import ImproperlyConfigured

from accounts.checks.addresses import shared_private_networks
from tests.support.environment import ROOT
from tests.support.starts import NEEDED
from tfc_auth.environment.lists import network_of
from tfc_auth.shared_networks import shared_networks

pytestmark = pytest.mark.django_db(transaction=True)


def read(*values, proxies=()):
    networks = [str(network_of("SHARED_NETWORKS", value)) for value in values if value.strip()]
    return shared_networks("SHARED_NETWORKS", networks, proxies=proxies)


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        ("203.0.0.0/16", "203.0.0.0/16"),
        ("203.0.113.0/255.255.255.0", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
        ("64:ff9b::203.0.113.0/120", "203.0.113.0/24"),
        ("2001:DB8:1:0::/48", "2001:db8:1::/48"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("2001:db8::7", "2001:db8::7/128"),
    ],
)
def test_of7_networks_are_read_as_their_addresses_are_counted(written, read_as):
    assert read(written, "", "  ") == [read_as]


def test_of7_a_network_that_is_written_twice_is_one():
    assert read("203.0.113.7", "203.0.113.7/32", "::ffff:203.0.113.7") == ["203.0.113.7/32"]


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("203.0.113.7/24", "write 203.0.113.0/24 for the whole network, or 203.0.113.7"),
        ("2001:db8::1/64", "write 2001:db8::/64 for the whole network, or 2001:db8::1"),
        ("0.0.0.0/0", "too wide"),
        ("::/0", "too wide"),
        ("10.0.0.0/8", "/16 is the widest"),
        ("203.0.0.0/15", "/16 is the widest"),
        ("2001:db8::/31", "/32 is the widest"),
        ("::ffff:0:0/96", "too wide"),
        ("::ffff:10.0.0.0/104", "too wide"),
        ("::/64", "too wide"),
        ("64:ff9b::/96", "too wide"),
        ("office.example.com", "such as 10.0.0.5"),
        ("203.0.113.0-203.0.113.255", "such as 10.0.0.5"),
        ("203.0.113.*", "such as 10.0.0.5"),
        ("203.0.113.7:443", "such as 10.0.0.5"),
        ("203.0.113.0/33", "such as 10.0.0.5"),
        ("203.0.113.0/24 198.51.100.7", "such as 10.0.0.5"),
        ("203.0.113.07", "such as 10.0.0.5"),
        ("*", "such as 10.0.0.5"),
    ],
)
def test_of7_what_can_not_be_meant_stops_the_start(written, says):
    with pytest.raises(ImproperlyConfigured) as raised:
        read("198.51.100.0/24", written)

    assert says in str(raised.value)
    assert str(raised.value).startswith("SHARED_NETWORKS")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("shared", "proxy"),
    [
        ("10.1.0.0/24", "10.1.0.9"),
        ("10.1.0.9", "10.0.0.0/8"),
        ("10.1.0.9", "10.1.0.9"),
        ("10.1.0.0/24", "::ffff:10.1.0.9"),
        ("::ffff:10.1.0.0/120", "10.1.0.9"),
        ("2001:db8::/48", "2001:db8::9"),
        ("2001:db8::9", "2001:db8::/64"),
        ("10.1.0.9", "0.0.0.0/0"),
    ],
)
def test_of7_a_proxy_is_no_place_of_people(shared, proxy):
    with pytest.raises(ImproperlyConfigured, match="overlap"):
        read(shared, proxies=["192.0.2.1", proxy])

    assert read("198.51.100.7", proxies=["192.0.2.1", "2001:db8::9"])


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, []),
        ({"SHARED_NETWORKS": ""}, []),
        ({"SHARED_NETWORKS": " , "}, "has only commas"),
        ({"SHARED_NETWORKS": "203.0.113.7, 2001:db8::/48,"}, ["203.0.113.7/32", "2001:db8::/48"]),
        ({"SHARED_NETWORKS": "10.0.0.0/24", "TRUSTED_PROXIES": "10.0.0.1"}, "overlap"),
        ({"SHARED_NETWORKS": "10.0.0.1", "TRUSTED_PROXIES": "10.0.0.0/8"}, "overlap"),
        ({"SHARED_NETWORKS": "0.0.0.0/0"}, "nearly every visitor"),
    ],
)
def test_of7_the_setting_is_read_at_the_start(monkeypatch, values, found):
    for name in ("SHARED_NETWORKS", "TRUSTED_PROXIES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (NEEDED | values).items():
        monkeypatch.setenv(name, value)
    if isinstance(found, list):
        assert runpy.run_path(str(ROOT / "tfc_auth" / "settings.py"))["SHARED_NETWORKS"] == found
    else:
        with pytest.raises(ImproperlyConfigured, match=found):
            runpy.run_path(str(ROOT / "tfc_auth" / "settings.py"))


@pytest.mark.parametrize(
    ("shared", "proxies", "said"),
    [
        ([], [], []),
        (["198.51.100.7/32"], [], ["198.51.100.7/32"]),  # for documentation: private, as Python sees it
        (["8.8.8.0/24", "2600::/48"], [], []),
        (["10.0.0.0/24", "8.8.8.0/24"], [], ["10.0.0.0/24"]),
        (["127.0.0.1/32", "fd00::/64"], [], ["127.0.0.1/32", "fd00::/64"]),
        (["10.0.0.0/24"], ["192.0.2.1"], []),
    ],
)
def test_of7_the_deployment_check_warns_of_a_proxy_that_is_taken_for_an_office(
    settings, shared, proxies, said
):
    settings.SHARED_NETWORKS, settings.TRUSTED_PROXIES = shared, proxies

    found = shared_private_networks(None)

    assert [message.id for message in found] == ["accounts.W012"] * len(said)
    assert all(network in message.msg for network, message in zip(said, found, strict=True))
