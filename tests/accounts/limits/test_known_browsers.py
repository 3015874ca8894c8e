"""Lanes: strangers who guess, with the password or without it, keep the owner out of no known browser."""

import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.limits import guesses
from accounts.models import AuditEvent, RateLimit
from accounts.users import passwords
from tests.accounts.limits.strangers import DAY, FORGOT, stranger
from tests.support.guessing import guess_password
from tests.support.mails import subjects
from tests.support.people import PASSWORD, make_user, post_password, sign_in
from tests.support.two_factor import SUDO, answer, known_browser, pending

pytestmark = pytest.mark.django_db(transaction=True)


def attack(user, attempts=12):
    """Wrong passwords from as many addresses; returns how many were looked at."""
    return sum(guess_password(user, stranger(n)) for n in range(attempts))


def attack_over_pages(user, attempts):
    """The same with pages; returns the statuses."""
    return [post_password(stranger(n), user, "wrong").status_code for n in range(attempts)]


def use_up(budget, subject=""):
    """Leave nothing of a budget that would take a thousand attempts."""
    for limit, seconds in budget.windows:
        key = f"{budget.name}:{subject}:{seconds}"
        RateLimit.objects.filter(key=key).update(count=limit)
        assert RateLimit.objects.filter(key=key).exists(), key


# ---------------------------------------------------------------- DS-01: without the password


def test_r18_ds_01_whoever_guesses_for_hours_keeps_nobody_out_for_longer_than_five_minutes(clock, alice):
    for _ in range(30):
        assert attack(alice) == 10
        clock.shift(300)

    assert post_password(Client(), alice).status_code == 302


def test_ds_01_a_known_browser_gets_in_at_once_while_strangers_guess(clock, alice):
    browser = known_browser(alice)

    assert attack_over_pages(alice, 12) == [422] * 10 + [429] * 2
    assert attack(alice, 40) == 0

    assert post_password(browser, alice)["Location"] == "/app"


def test_ds_01_an_unknown_browser_waits_five_minutes_at_most(clock, alice):
    attack(alice)

    refused = post_password(Client(), alice)

    assert refused.status_code == 429
    assert int(refused["Retry-After"]) <= 300


def test_ds_01_also_when_strangers_use_up_what_the_whole_site_takes(clock, alice, bob):
    browser = known_browser(alice)
    attack(bob, 1)
    use_up(guesses.OVERALL)

    assert post_password(stranger(), alice).status_code == 429
    assert post_password(browser, alice).status_code == 302


def test_ds_01_also_from_the_address_at_which_the_stranger_sits(clock, alice, bob):
    browser = known_browser(alice)
    for _ in range(10):
        post_password(Client(), bob, "wrong")

    assert post_password(Client(), alice).status_code == 429
    assert post_password(browser, alice).status_code == 302


def test_ds_01_refused_attempts_hash_nothing_and_leave_nothing_behind(hashes, alice):
    attack(alice, 10)
    hashes()
    before = AuditEvent.objects.count(), list(RateLimit.objects.order_by("key").values())

    assert attack_over_pages(alice, 2) == [429] * 2
    assert attack(alice, 60) == 0

    assert hashes() == 0
    assert (AuditEvent.objects.count(), list(RateLimit.objects.order_by("key").values())) == before


def test_refused_attempts_write_no_row(alice):
    attack(alice, 10)
    attack_over_pages(alice, 1)
    before = rows_written()

    assert attack_over_pages(alice, 20) == [429] * 20

    assert rows_written() == before


def rows_written():
    """Return how many versions of rows this connection has written, also those that were rolled back."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT total_changes()")
        else:
            cursor.execute("SELECT pg_stat_force_next_flush()")
            cursor.execute("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables")
        return cursor.fetchone()[0]


def test_ds_01_who_is_signed_in_can_go_on_to_change_the_password(clock, alice):
    client = sign_in(alice)
    clock.shift(600)
    attack(alice)

    assert client.post(SUDO, {"password": PASSWORD}).status_code == 302
    fields = {"password": PASSWORD, "new_password": "an entirely different sentence"}
    assert client.post("/app/settings/password", fields).status_code == 302


def test_r4_a_known_browser_can_guess_ten_times_and_that_is_nobody_elses_loss(clock, alice):
    first, second = known_browser(alice), known_browser(alice)

    guessed = [post_password(first, alice, "wrong").status_code for _ in range(11)]

    assert guessed == [422] * 10 + [429]
    assert post_password(first, alice).status_code == 429
    assert post_password(second, alice).status_code == 302
    assert post_password(Client(), alice).status_code == 302


def change_password(client, new="an entirely different sentence"):
    fields = {"password": PASSWORD, "new_password": new}
    assert client.post("/app/settings/password", fields).status_code == 302


def test_r4_who_knew_a_former_password_has_no_budget_left(clock, alice):
    kept = [known_browser(alice) for _ in range(3)]
    change_password(sign_in(alice))

    guessed = [post_password(browser, alice, "wrong").status_code for browser in kept for _ in range(5)]

    assert guessed == [422] * 10 + [429] * 5


def test_r58_who_knew_a_former_password_does_not_come_back_in_silence(alice, mailoutbox):
    kept, own = known_browser(alice), sign_in(alice)
    change_password(own)
    own.post("/session/logout")
    mailoutbox.clear()

    post_password(own, alice, "an entirely different sentence")
    assert subjects(mailoutbox, alice.email) == []
    assert post_password(kept, alice, "an entirely different sentence").status_code == 302

    assert len(subjects(mailoutbox, alice.email)) == 1


def test_sf7_whoever_guesses_in_known_browsers_of_his_own_closes_no_other_in_the_same_network(clock, alice):
    """All of them are at one address, as in an office."""
    own = known_browser(alice)
    users = [make_user(f"user{n}") for n in range(11)]
    browsers = [known_browser(user) for user in users]

    guessed = [
        guess_password(user, browser)
        for browser, user in zip(browsers, users, strict=True)
        for _ in range(11)
    ]

    assert guessed == ([True] * 10 + [False]) * 11
    assert post_password(own, alice, "wrong").status_code == 422
    assert post_password(own, alice).status_code == 302


def test_sf7_above_the_ceiling_a_known_browser_that_failed_has_one_try_and_others_go_on(clock, alice, bob):
    own, same, other = known_browser(alice), known_browser(alice), known_browser(bob)
    guess_password(bob, other)
    use_up(guesses.BROWSERS_OVERALL)

    assert guess_password(bob, other) is False
    assert post_password(own, alice, "wrong").status_code == 422
    assert post_password(own, alice).status_code == 429
    assert post_password(same, alice).status_code == 302
    clock.shift(300)
    assert post_password(own, alice).status_code == 302


def test_sf7_others_in_the_network_use_up_no_reset_links_of_a_known_browser(clock, alice, mailoutbox):
    own = known_browser(alice)
    Client().post(FORGOT, {"email": "nobody@example.com"})
    use_up(passwords.RESETS_BY_NETWORK.one, "127.0.0.1")
    mailoutbox.clear()

    Client().post(FORGOT, {"email": alice.email})
    assert subjects(mailoutbox, alice.email) == []
    own.post(FORGOT, {"email": alice.email})
    assert len(subjects(mailoutbox, alice.email)) == 1


def test_sf7_a_known_browser_asks_for_the_links_of_others_like_any_other(clock, alice, bob, mailoutbox):
    """And an address that nobody has costs the same there: the answer and the statements tell nothing."""
    own = known_browser(alice)
    pages, shapes = set(), set()
    for email in (bob.email, "nobody@example.com"):
        with CaptureQueriesContext(connection) as queries:
            pages.add(own.post(FORGOT, {"email": email}).content)
        shapes.add(tuple(query["sql"].split(" ", 1)[0] for query in queries))

    assert len(pages) == len(shapes) == 1
    assert RateLimit.objects.get(key="reset:address:127.0.0.1:3600").count == 2
    assert not RateLimit.objects.filter(key__startswith="reset:browser").exists()


def test_lg_16_success_in_one_budget_gives_nothing_back_in_another(clock, alice):
    browser = known_browser(alice)
    attack(alice, 9)
    for _ in range(5):
        assert post_password(browser, alice).status_code == 302
        browser.post("/session/logout")

    assert attack(alice, 2) == 1


def test_a_browser_is_known_for_those_who_have_signed_in_with_it(clock, alice, bob):
    shared = known_browser(bob, client=known_browser(alice))
    of_bob = known_browser(bob)
    attack(alice)

    assert post_password(of_bob, alice).status_code == 429
    assert post_password(shared, alice).status_code == 302
    shared.post("/session/logout")
    assert post_password(shared, bob).status_code == 302


# ---------------------------------------------------------------- the cookie


def test_a_wrong_password_makes_no_browser_known(alice, app_of_alice):
    client = Client()
    post_password(client, alice, "wrong")
    pending(alice, client)
    answer(client, app_of_alice.wrong_code())

    assert "known-browser" not in client.cookies
    assert answer(client, app_of_alice.fresh_code()).status_code == 302
    cookie = client.cookies["known-browser"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert cookie["max-age"] == 365 * DAY


def forged():
    yield (
        "another key",
        signing.dumps({"key": "k", "stamps": {"1": "x"}}, key="k", salt="accounts.known-browser"),
    )
    yield "another purpose", signing.dumps({"key": "k", "stamps": {"1": "x"}}, salt="something else")
    yield "no signature", "eyJrZXkiOiJrIn0"
    yield "an older form", signing.dumps([1], salt="accounts.known-browser")
    yield "nothing in it", signing.dumps({}, salt="accounts.known-browser")
    yield "empty", ""
    yield "not ASCII", "ÿþ"
    yield "long", "x" * 5000


@pytest.mark.parametrize("name", [name for name, _value in forged()])
def test_a_cookie_that_is_not_ours_makes_nobody_known(alice, name):
    attack(alice)
    client = Client()
    client.cookies["known-browser"] = dict(forged())[name]

    assert post_password(client, alice).status_code == 429


def test_each_browser_has_its_own_key_and_keeps_it(alice, bob):
    first, second = known_browser(alice), known_browser(alice)

    def key(client):
        value = client.cookies["known-browser"].value
        return signing.loads(value, salt="accounts.known-browser")["key"]

    before = key(first)
    known_browser(bob, client=first)
    assert key(first) == before != key(second)


def test_a_browser_is_known_for_ten_people_at_most(alice):
    client = known_browser(alice)
    for number in range(10):
        known_browser(make_user(f"user{number}"), client=client)
    attack(alice)

    assert post_password(client, alice).status_code == 429
    assert len(client.cookies["known-browser"].value) < 1000
