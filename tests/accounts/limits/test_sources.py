"""What many networks can guess, and what it costs everybody else: nothing."""

import logging

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from accounts.limits import guesses
from accounts.models import AuditEvent, RateLimit, User
from accounts.users import hashers
from tests.support.guessing import guess_password
from tests.support.hashing import ImpatientHasher
from tests.support.mails import link_in
from tests.support.people import PASSWORD, make_user, post_password
from tests.support.two_factor import known_browser, same_browser

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = 3600
NEW = "an entirely different sentence"


def at(address, client=None):
    """A browser at this address; nobody has signed in with it, or with `client`."""
    browser = same_browser(client) if client else Client()
    browser.defaults["REMOTE_ADDR"] = address
    return browser


def guessed(addresses):
    """How many wrong passwords from these addresses are looked at, each for another name."""
    return sum(
        guess_password(User(username=f"nobody{number}"), at(address))
        for number, address in enumerate(addresses)
    )


def exceed(ceiling):
    """Let a thousand passwords have been wrong in five minutes: the next one is above the ceiling (R4)."""
    assert RateLimit.objects.filter(key=f"{ceiling.name}::300").update(count=1000) == 1


# ---------------------------------------------------------------- nested networks


@pytest.mark.parametrize(
    ("addresses", "most"),
    [
        ([f"2001:db8:1:1{n:02x}::1" for n in range(32)], 30),
        ([f"2001:db8:1:{n:x}00::1" for n in range(104)], 100),
        ([f"198.51.100.{n}" for n in range(104)], 100),
    ],
    ids=["/56", "/48", "/24"],
)
def test_sf7_networks_within_a_network_share_a_budget(clock, addresses, most):
    assert guessed(addresses) == most

    clock.shift(300)
    assert guessed(addresses[:5]) == 5


def test_sf7_a_neighbour_of_a_network_that_is_used_up_goes_on(clock, alice):
    guessed([f"2001:db8:1:{n:x}00::1" for n in range(101)])

    assert post_password(at("2001:db8:1:ff00::1"), alice).status_code == 429
    assert post_password(at("2001:db8:2::1"), alice).status_code == 302


def test_sf7_success_gives_back_what_it_took_of_every_network(clock, alice):
    for _ in range(12):
        assert post_password(at("198.51.100.7"), alice).status_code == 302

    counts = RateLimit.objects.filter(key__startswith="password:").exclude(key__startswith="password:right")
    counts = counts.values_list("key", "count")
    assert {count for _key, count in counts} == {0}
    assert {key for key, _count in counts} == {
        f"password:account:user:{alice.pk}:300",
        "password:address:198.51.100.7:300",
        "password:address:/24:198.51.100.0/24:300",
        "password:all::300",
    }


# ---------------------------------------------------------------- above the ceiling


def test_tf3_sf7_above_the_ceiling_who_failed_has_one_try_and_others_go_on(clock, alice, bob, caplog):
    failed, fresh = at("198.51.100.7"), at("203.0.113.7")
    post_password(failed, bob, "wrong")
    exceed(guesses.OVERALL)

    assert post_password(failed, alice).status_code == 429
    for _ in range(3):
        assert post_password(fresh, alice).status_code == 302
        fresh = at("203.0.113.7")
    assert [post_password(fresh, bob, "wrong").status_code for _ in range(3)] == [422, 429, 429]


def test_sf7_one_try_in_five_minutes_for_an_hour(clock, bob, alice):
    failed = at("198.51.100.7")
    post_password(failed, bob, "wrong")
    for _ in range(4):
        clock.shift(300)
        guess_password(User(username="x"), at("192.0.2.1"))  # opens the window
        exceed(guesses.OVERALL)
        assert [post_password(failed, bob, "wrong").status_code for _ in range(2)] == [422, 429]
        clock.shift(299)
        assert post_password(failed, bob, "wrong").status_code == 429
    clock.shift(HOUR)
    guess_password(User(username="x"), at("192.0.2.1"))
    exceed(guesses.OVERALL)

    refused = [post_password(at("198.51.100.7"), alice).status_code for _ in range(3)]
    assert refused == [302] * 3


def test_sf7_what_is_refused_above_the_ceiling_hashes_nothing_and_writes_nothing(hashes, clock, alice, bob):
    failed = at("198.51.100.7")
    post_password(failed, bob, "wrong")
    exceed(guesses.OVERALL)
    hashes()
    before = AuditEvent.objects.count(), list(RateLimit.objects.order_by("key").values())

    refused = post_password(failed, alice)

    assert (refused.status_code, int(refused["Retry-After"])) == (429, 300)
    assert hashes() == 0
    assert (AuditEvent.objects.count(), list(RateLimit.objects.order_by("key").values())) == before


def test_sf7_wider_networks_that_failed_have_a_tenth_of_their_budgets(clock):
    addresses = [f"198.51.100.{n}" for n in range(20)]
    guessed(["192.0.2.1"])
    exceed(guesses.OVERALL)

    assert guessed(addresses) == 10


def test_sf7_the_log_says_once_in_a_window_what_happens_and_what_helps(clock, caplog, bob):
    for _ in range(2):
        guessed(["192.0.2.1"])
        exceed(guesses.OVERALL)
        for number in range(3):
            guess_password(bob, at(f"198.51.{number}.1"))
            known = at(f"203.0.{number}.1")
            guess_password(bob, known, PASSWORD)
        clock.shift(301)

    alarms = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [(record.levelname, record.message) for record in alarms] == [
        ("CRITICAL", guesses.UNDER_ATTACK),
        ("CRITICAL", guesses.UNDER_ATTACK),
    ]
    assert "block them at the proxy" in guesses.UNDER_ATTACK


def test_tf3_sf7_known_browsers_do_not_notice(clock, alice, bob):
    browser = known_browser(alice)
    guess_password(bob, at("127.0.0.1"))
    exceed(guesses.OVERALL)

    assert post_password(browser, alice).status_code == 302


def test_sf7_people_with_accounts_of_their_own_shut_out_no_known_browser(clock, alice, mallory):
    browser, theirs = known_browser(alice), known_browser(mallory)
    browser.defaults["REMOTE_ADDR"] = "203.0.113.7"
    guess_password(mallory, theirs)
    exceed(guesses.BROWSERS_OVERALL)

    assert not guess_password(mallory, theirs)
    assert post_password(browser, alice).status_code == 302


# ---------------------------------------------------------------- the way out: a reset link


def test_sf7_a_reset_link_is_the_way_in_while_strangers_guess(clock, alice, mailoutbox):
    def attack():
        return [guess_password(alice, at(f"198.51.{n}.1")) for n in range(12)]

    attack()
    owner = at("203.0.113.7")
    assert post_password(owner, alice).status_code == 429

    owner.post("/account/password/forgot", {"email": alice.email})
    owner.get(link_in(mailoutbox[-1], "/account/password/reset/"))
    attack()
    assert owner.post("/account/password/reset", {"new_password": NEW})["Location"] == "/session"

    assert not any(attack())
    assert post_password(at("192.0.2.9"), alice, NEW).status_code == 429
    assert post_password(owner, alice, NEW)["Location"] == "/app"


def test_sf7_a_link_that_does_not_work_makes_no_browser_known(clock, alice, mailoutbox):
    client = at("203.0.113.7")
    client.post("/account/password/forgot", {"email": alice.email})
    client.get(link_in(mailoutbox[-1], "/account/password/reset/"))
    assert client.post("/account/password/reset", {"new_password": "short"}).status_code == 422
    assert "known-browser" not in client.cookies

    client.post("/account/password/reset", {"new_password": NEW})
    second = at("203.0.113.8")
    second.get(link_in(mailoutbox[-2], "/account/password/reset/"))
    assert second.post("/account/password/reset", {"new_password": PASSWORD}).status_code == 422
    assert "known-browser" in client.cookies
    assert "known-browser" not in second.cookies


# ---------------------------------------------------------------- hashes at the same time


@pytest.fixture
def four_threads(settings, transactional_db):
    settings.PASSWORD_HASHERS = [f"{ImpatientHasher.__module__}.{ImpatientHasher.__name__}"]
    settings.THREADS_PER_PROCESS = 4
    hashers.slots.cache_clear()
    yield
    hashers.slots.cache_clear()


def test_sf7_half_of_the_threads_hash_and_the_next_one_is_told_to_come_back(four_threads, clock):
    user = make_user("user")
    with hashers.slot(0):
        assert post_password(Client(), user).status_code == 302
        with hashers.slot(0):
            before = (
                list(RateLimit.objects.order_by("key").values("key", "count")),
                AuditEvent.objects.count(),
            )
            busy = post_password(Client(), user)
            after = list(RateLimit.objects.order_by("key").values("key", "count")), AuditEvent.objects.count()

    assert (busy.status_code, busy["Retry-After"]) == (503, "5")
    assert "The server is busy. Please try again in a few seconds." in busy.content.decode()
    assert after == before
    assert post_password(Client(), user).status_code == 302


def test_sf7_who_is_told_to_come_back_has_lost_nothing(four_threads, clock, mailoutbox):
    user = make_user("user")
    reset, new = Client(), Client()
    reset.post("/account/password/forgot", {"email": user.email})
    reset.get(link_in(mailoutbox[-1], "/account/password/reset/"))
    fields = {"username": "new", "email": "new@example.com", "password": PASSWORD}
    with hashers.slot(0), hashers.slot(0):
        for _ in range(6):
            assert reset.post("/account/password/reset", {"new_password": NEW}).status_code == 503
            assert new.post("/account/new", fields).status_code == 503

    assert reset.post("/account/password/reset", {"new_password": NEW}).status_code == 302
    assert new.post("/account/new", fields).status_code == 302
    assert not RateLimit.objects.filter(key__startswith="sign-up", count__gt=1).exists()


def test_sf7_a_machine_of_one_thread_still_hashes(settings):
    settings.THREADS_PER_PROCESS = 1
    hashers.slots.cache_clear()
    try:
        assert make_password(PASSWORD, hasher=ImpatientHasher())
    finally:
        hashers.slots.cache_clear()
