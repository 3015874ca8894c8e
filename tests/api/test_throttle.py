"""How many requests a second the API takes of one person, whatever the number of tokens."""

import itertools
import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.limits.throttle import MOST_CALLERS, Throttle
from accounts.models.public_ids import public_id
from tests.api.clients import ApiClient, LiveClient, api_client, document, token_of
from tests.support import people
from tests.support.crawl_programs import complaints_about_errors

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = 5
serial = itertools.count(1)


@pytest.fixture(autouse=True)
def a_low_limit(settings):
    settings.API_REQUESTS_PER_SECOND = LIMIT


@pytest.fixture
def somebody(transactional_db):
    """Nobody else's name: what others have counted a moment ago is counted for them."""
    return people.make_user(f"hurried{next(serial)}")


def new_address():
    return f"192.0.2.{next(serial)}"


def exhaust(client, path="/account/details", **options):
    """Ask until there is a refusal, which is with the sixth request, unless the machine is that slow."""
    for _ in range(100):
        answer = client.get(path, **options)
        if answer.status_code == 429:
            return answer
    raise AssertionError("never refused")


def test_what_is_left_is_told_with_each_answer(somebody):
    client = api_client(somebody)

    answers = [client.get("/account/details") for _ in range(2)]

    assert [answer.headers["X-RateLimit-Limit"] for answer in answers] == [str(LIMIT)] * 2
    remaining = [int(answer.headers["X-RateLimit-Remaining"]) for answer in answers]
    assert remaining[0] == LIMIT - 1
    assert all(0 <= float(answer.headers["X-RateLimit-Reset"]) <= 1 for answer in answers)


def test_beyond_the_limit_there_is_429_in_the_form_that_clients_read(somebody):
    answer = exhaust(api_client(somebody))

    assert list(complaints_about_errors(answer)) == []
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    float(answer.headers["X-RateLimit-Reset"])  # HashiCorp's client for Go exits on what is no number


def test_after_a_second_it_goes_on(somebody):
    client = api_client(somebody)
    answer = exhaust(client)

    time.sleep(float(answer.headers["X-RateLimit-Reset"]) + 0.01)

    assert client.get("/account/details").status_code == 200


def test_all_tokens_of_a_person_count_together(somebody):
    clients = [api_client(somebody) for _ in range(3)]

    statuses = [client.get("/account/details").status_code for _ in range(LIMIT) for client in clients]

    assert statuses[:LIMIT] == [200] * LIMIT
    assert 429 in statuses


def test_others_are_not_held_up(somebody):
    other = people.make_user(f"calm{next(serial)}")
    exhaust(api_client(somebody))

    assert api_client(other).get("/account/details").status_code == 200


def test_without_a_token_it_is_counted_by_address(db):
    crowded = new_address()
    exhaust(ApiClient(), "/ping", REMOTE_ADDR=crowded)

    assert ApiClient().get("/ping", REMOTE_ADDR=new_address()).status_code == 204


def test_ipv6_is_counted_by_network(db):
    network = f"2001:db8:0:{next(serial):x}"
    statuses = [
        ApiClient().get("/ping", REMOTE_ADDR=f"{network}::{n:x}").status_code for n in range(1, LIMIT * 3)
    ]

    assert 429 in statuses


def test_a_crowded_address_does_not_hold_up_who_has_a_token(somebody):
    address = new_address()
    exhaust(ApiClient(), "/ping", REMOTE_ADDR=address)

    assert api_client(somebody).get("/ping", REMOTE_ADDR=address).status_code == 204


def test_who_sends_no_token_is_counted_too(db):
    address = new_address()
    statuses = [
        ApiClient().get("/account/details", REMOTE_ADDR=address).status_code for _ in range(LIMIT * 3)
    ]

    assert statuses[0] == 401
    assert 429 in statuses


def test_nothing_is_done_beyond_the_limit(somebody):
    client, statuses = api_client(somebody), []

    while 429 not in statuses and len(statuses) < 50:
        answer = client.post(
            f"/users/{public_id('user', somebody.pk)}/authentication-tokens",
            document("authentication-tokens", description="x"),
        )
        statuses.append(answer.status_code)

    assert statuses == [201] * (len(statuses) - 1) + [429]
    assert somebody.api_tokens.count() == 1 + statuses.count(201)


def test_it_is_thirty_a_second_if_nothing_else_is_said(somebody, start_site):
    """Kept by each process for itself: one process here."""
    site = start_site(workers=1, API_REQUESTS_PER_SECOND="")
    client = LiveClient(site, token_of(somebody))

    began = time.monotonic()
    statuses = [client.get("/ping").status_code for _ in range(60)]
    windows = int(time.monotonic() - began) + 1

    assert statuses[:30] == [204] * 30
    assert statuses.count(204) <= 30 * windows


@pytest.fixture
def one_second(monkeypatch):
    """The clock of the windows stands still."""
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)


def pings(addresses):
    """The statuses of a request from each address."""
    return [ApiClient().get("/ping", REMOTE_ADDR=address).status_code for address in addresses]


@pytest.mark.parametrize(
    ("network", "times"),
    [("2001:db8:{}:{}00::1", 10), ("2001:db8:{}:4{}::1", 3), ("198.18.{}.{}", 10)],
    ids=["/48", "/56", "/24"],
)
def test_sf7_the_networks_within_a_network_share_its_requests(db, settings, one_second, network, times):
    """One home connection has 65,536 IPv6 networks of /64."""
    settings.API_REQUESTS_PER_SECOND = 2
    most, third = 2 * times, next(serial)
    inside = [network.format(third, n) for n in range(10, 10 + most + 4)]

    assert pings(inside) == [204] * most + [429] * 4
    assert pings([new_address()]) == [204]


def test_sf7_a_refused_caller_uses_up_nothing_of_the_networks_around(db, one_second):
    third = next(serial)
    assert 429 in pings([f"198.19.{third}.1"] * LIMIT * 20)

    assert pings([f"198.19.{third}.2"]) == [204]


def test_sf7_wrong_tokens_from_the_networks_within_a_network_are_refused_in_memory(db, one_second):
    addresses = [f"2001:db9:0:{n:x}00::1" for n in range(100)]

    def statements(address):
        with CaptureQueriesContext(connection) as queries:
            ApiClient("wrong").get("/ping", REMOTE_ADDR=address)
        return len(queries)

    assert sum(statements(address) > 0 for address in addresses) == LIMIT * 10


def test_sf7_a_full_table_forgets_what_is_over_and_nobody_who_is_busy(settings):
    table = Throttle()
    settings.API_REQUESTS_PER_SECOND = 1
    table.windows = {f"idle{n}": (time.monotonic() - 2, 1) for n in range(MOST_CALLERS - 1)}
    assert not table.take({"busy": 1}).exceeded

    assert not table.take({"another": 1}).exceeded

    assert table.take({"busy": 1}).exceeded
    assert len(table.windows) == 2
