"""SHARED_NETWORKS: many people behind few addresses, and what they must not be able to do to others."""

import logging
import re

import pytest
from django.test import Client

from accounts.audit import Actor
from accounts.factors.sms.breaker import source_network
from accounts.limits import throttle
from accounts.limits.budgets import BySource
from accounts.limits.sources import sources_of
from accounts.models import RateLimit, User
from tests.api.clients import ApiClient
from tests.support.environment import ROOT
from tests.support.mails import link_in
from tests.support.people import PASSWORD, make_user, post_password, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

OFFICE, NEIGHBOUR = "203.0.113.7", "203.0.113.8"


@pytest.fixture
def office(settings):
    settings.SHARED_NETWORKS = [f"{OFFICE}/32"]


def actor(ip):
    return Actor(user=None, ip=ip, user_agent="", door="html")


def sources(ip):
    return [(source.key, source.times) for source in sources_of(actor(ip))]


# ---------------------------------------------------------------- which networks count how


@pytest.mark.parametrize(
    ("shared", "ip", "counted"),
    [
        ("203.0.113.7/32", OFFICE, [(OFFICE, 20)]),
        ("203.0.113.7/32", f"::ffff:{OFFICE}", [(OFFICE, 20)]),
        ("203.0.113.7/32", f"64:ff9b::{OFFICE}", [(OFFICE, 20)]),
        ("203.0.113.7/32", NEIGHBOUR, [(NEIGHBOUR, 1), ("203.0.113.0/24", 10)]),
        ("203.0.113.0/28", OFFICE, [(OFFICE, 20), ("203.0.113.0/28", 200)]),
        ("203.0.113.0/24", OFFICE, [(OFFICE, 20), ("203.0.113.0/24", 200)]),
        ("203.0.0.0/16", OFFICE, [(OFFICE, 20), ("203.0.113.0/24", 200)]),
        ("2001:db8::7/128", "2001:db8::7", [("2001:db8::7/128", 20)]),
        (
            "2001:db8::7/128",
            "2001:db8::8",
            [("2001:db8::/64", 1), ("2001:db8::/56", 3), ("2001:db8::/48", 10)],
        ),
        ("2001:db8::/64", "2001:db8::8", [("2001:db8::/64", 20)]),
        ("2001:db8::/60", "2001:db8::8", [("2001:db8::/64", 20), ("2001:db8::/60", 60)]),
        ("2001:db8::/56", "2001:db8::8", [("2001:db8::/64", 20), ("2001:db8::/56", 60)]),
        (
            "2001:db8::/32",
            "2001:db8::8",
            [("2001:db8::/64", 20), ("2001:db8::/56", 60), ("2001:db8::/48", 200)],
        ),
        ("203.0.113.7/32", "unix:", [("unix:", 1)]),
        ("203.0.113.7/32", None, [("", 1)]),
    ],
)
def test_of7_a_shared_network_has_twenty_times_and_counts_apart_from_those_around_it(
    settings, shared, ip, counted
):
    settings.SHARED_NETWORKS = [shared]

    assert sources(ip) == counted


def test_of7_the_widest_of_nested_networks_counts(settings):
    settings.SHARED_NETWORKS = ["203.0.113.7/32", "203.0.113.0/24"]

    assert sources(OFFICE) == [(OFFICE, 20), ("203.0.113.0/24", 200)]


# ---------------------------------------------------------------- which limits


def guess(ip, number):
    return post_password(Client(REMOTE_ADDR=ip), User(username=f"nobody{number}"), "wrong").status_code


def sign_up(ip, number, client=None):
    client = client or Client()
    fields = {"username": f"new{number}", "email": f"new{number}@example.com", "password": PASSWORD}
    return client.post("/account/new", fields, REMOTE_ADDR=ip)


def nearly(key, count):
    """Leave one more of this budget."""
    assert RateLimit.objects.filter(key__startswith=key).update(count=count - 1), key


def test_of7_an_office_is_not_closed_by_ten_mistypes_nor_its_neighbours_by_more(office):
    assert [guess(OFFICE, n) for n in range(120)] == [422] * 120
    assert [guess(NEIGHBOUR, n) for n in range(11)] == [422] * 10 + [429]
    nearly(f"password:address:{OFFICE}:", 200)

    assert [guess(OFFICE, n) for n in range(2)] == [422, 429]


def test_of7_an_account_in_an_office_keeps_its_limit(office, alice):
    statuses = [post_password(Client(REMOTE_ADDR=OFFICE), alice, "wrong").status_code for _ in range(11)]

    assert statuses == [422] * 10 + [429]


def test_of7_while_somebody_guesses_everywhere_an_office_has_twenty_tries(office):
    """Above 1,000 wrong passwords over the whole site, a network that failed has one."""
    assert guess(OFFICE, 0) == guess(NEIGHBOUR, 0) == 422
    nearly("password:all:", 1001)

    assert [guess(NEIGHBOUR, 1)] == [429]
    assert [guess(OFFICE, n) for n in range(20)] == [422] * 19 + [429]


def limits_of(kind, ip, subject=""):
    return [budget.windows for budget, _key in kind.claims(actor(ip), subject)]


def test_of7_what_protects_a_target_stays_as_it_is(office):
    kind = BySource("kind", (3, 60))

    assert limits_of(kind, OFFICE) == [((60, 60),)]
    assert limits_of(kind, OFFICE, "mailbox") == limits_of(kind, NEIGHBOUR, "mailbox")
    assert limits_of(kind, OFFICE, "mailbox") == [((3, 60),), ((30, 60),)]


def test_of7_one_mailbox_gets_no_more_mails_from_an_office(office, mailoutbox):
    for number in range(7):
        fields = {"username": f"new{number}", "email": "one@example.com", "password": PASSWORD}
        Client(REMOTE_ADDR=OFFICE).post("/account/new", fields)

    assert len(mailoutbox) == 5


def test_of7_texts_of_an_office_count_for_the_breaker_as_those_of_one_network(office):
    """Else somebody in an office could pause a country."""
    assert source_network(actor(OFFICE)) == "203.0.113.0/24"


def test_of7_requests_without_a_token_are_twenty_times_as_many(office, settings):
    settings.API_REQUESTS_PER_SECOND = 2

    assert throttle.networks_of(actor(OFFICE), "wrong:") == {f"wrong:{OFFICE}": 20}
    assert ApiClient().get("/ping", REMOTE_ADDR=OFFICE)["X-RateLimit-Limit"] == "40"
    assert ApiClient().get("/ping", REMOTE_ADDR=NEIGHBOUR)["X-RateLimit-Limit"] == "2"


def test_of7_wrong_tokens_of_one_address_do_not_close_the_rest_of_its_network(settings):
    settings.SHARED_NETWORKS = ["2001:db8::7/128"]
    wrong = ApiClient("a" * 14 + ".atlasv1." + "b" * 67)
    assert wrong.get("/account/details", REMOTE_ADDR="2001:db8::7").status_code == 401
    nearly("token:address:2001:db8::7/128:", 2000)
    wrong.get("/account/details", REMOTE_ADDR="2001:db8::7")

    assert b"limit reached" in wrong.get("/account/details", REMOTE_ADDR="2001:db8::7").content
    assert b"limit reached" not in wrong.get("/account/details", REMOTE_ADDR="2001:db8::8").content


def test_of7_what_an_office_may_in_docs_is_what_every_row_by_network_alone_names():
    """A row that is counted by network alone, and no other, names the setting that raises it."""
    table = (ROOT / "docs" / "limits.md").read_text()
    rows = re.findall(r"^\| `([a-z:-]+)` \|(.*)\|$", table, re.MULTILINE)
    for name, cells in rows:
        _what, keyed, _much, _success, _told, setting, _why = (cell.strip() for cell in cells.split(" | "))
        by_network = keyed == "network" or keyed.startswith("widest network")
        assert by_network == (setting == "`SHARED_NETWORKS`"), name


def test_of7_a_link_works_in_a_known_browser_although_others_in_the_network_tried_wrong_ones(mailoutbox):
    alice = make_user("alice")
    browser = sign_in(alice, client=Client(REMOTE_ADDR=OFFICE))
    browser.post("/session/logout")
    browser.post("/account/password/forgot", {"email": alice.email})
    link = link_in(mailoutbox[-1], "/account/password/reset/")
    other = Client(REMOTE_ADDR=OFFICE)
    for number in range(20):
        other.get(f"/account/password/reset/{number + 1}.aaaa.{'b' * 42}B")
        other.post("/account/password/reset", {"new_password": "an entirely different sentence"})
    other.get(link)
    assert other.post("/account/password/reset", {"new_password": "x" * 20}).status_code == 429

    browser.get(link)
    changed = browser.post("/account/password/reset", {"new_password": "an entirely different sentence"})

    assert changed.status_code == 302


# ---------------------------------------------------------------- what people and operators are told


def test_of7_who_pays_for_others_in_the_network_is_told_so(settings):
    settings.SUPPORT_EMAIL = "help@example.com"
    for number in range(10):
        guess(OFFICE, number)

    page = post_password(Client(REMOTE_ADDR=OFFICE), make_user("alice")).content.decode()

    assert "There were too many wrong passwords from your network." in page
    assert "If many people share your network, write to help@example.com" in page


def test_of7_the_log_names_the_limit_the_network_and_the_setting_once_in_a_window(clock, caplog, office):
    caplog.set_level(logging.INFO)
    for number in range(13):
        guess(NEIGHBOUR, number)

    said = [line for line in caplog.messages if line.startswith("Limit")]
    assert " ".join(said) == (
        "Limit password:address is used up for 203.0.113.8: 10 in 5 minutes. If many people share it, add it "
        "to SHARED_NETWORKS (docs/limits.md)."
    )
    clock.shift(300)
    for number in range(12):
        guess(NEIGHBOUR, number)
    assert len([line for line in caplog.messages if line.startswith("Limit")]) == 2


def test_of7_the_log_says_so_if_the_network_is_shared_already(clock, caplog, office):
    guess(OFFICE, 0)
    nearly(f"password:address:{OFFICE}:", 200)
    guess(OFFICE, 1)
    guess(OFFICE, 2)

    [said] = [line for line in caplog.messages if line.startswith("Limit")]
    assert said.startswith(
        f"Limit password:address is used up for {OFFICE}: 200 in 5 minutes. It is in SHARED"
    )


def test_of7_the_log_says_nothing_of_accounts(clock, caplog, alice):
    for number in range(12):
        post_password(Client(REMOTE_ADDR=f"198.51.{number}.1"), alice, "wrong")

    assert not [line for line in caplog.messages if line.startswith("Limit")]


# ---------------------------------------------------------------- an office on its first day

PEOPLE, NEWCOMERS = 300, 60


def morning(hashes):
    """300 people sign in within a few minutes, every fifth mistypes; 60 more sign up. How many wait?"""
    first = make_user("person0")
    User.objects.bulk_create(
        User(username=f"person{n}", email=f"person{n}@example.com", password=first.password)
        for n in range(1, PEOPLE)
    )
    waiting = 0
    for number in range(PEOPLE):
        browser, person = Client(REMOTE_ADDR=OFFICE), User(username=f"person{number}")
        if number % 5 == 0:
            post_password(browser, person, "mistyped")
        waiting += post_password(browser, person).status_code != 302
    newcomers = [sign_up(OFFICE, number).status_code for number in range(NEWCOMERS)]
    return waiting, newcomers.count(429)


def test_of7_an_office_of_three_hundred_comes_in_within_the_hour(clock, hashes, office, mailoutbox):
    assert morning(hashes) == (0, 0)


def test_of7_without_the_setting_it_waits_but_not_in_browsers_that_are_known(clock, hashes, mailoutbox):
    browser = sign_in(make_user("known"), client=Client(REMOTE_ADDR=OFFICE))
    browser.post("/session/logout")

    waiting, refused = morning(hashes)

    assert waiting > 200
    assert refused == NEWCOMERS - 20
    assert post_password(browser, User(username="known")).status_code == 302
