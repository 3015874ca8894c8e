"""A set-up that is not confirmed yet: whose it is, how long it lasts, and that it counts for nothing."""

import pytest

from accounts.factors.totp.models import TOTPDevice
from tests.accounts.two_factor.set_ups import CONFIRM, confirmed, prove_by_password
from tests.support.invariants import broken
from tests.support.organizations import found, is_mandatory, require
from tests.support.people import PASSWORD, Authenticator, enrol, key_on, sign_in
from tests.support.people import start_enrolment as start
from tests.support.two_factor import HOME, INVALID, SUDO, act, answer, is_signed_in, key_of, pending, with_key

pytestmark = pytest.mark.django_db(transaction=True)


def test_en_01_an_unconfirmed_set_up_counts_for_nothing(alice):
    client = sign_in(alice)
    start(client)
    client.post("/session/logout")

    again = sign_in(alice)

    assert is_signed_in(again, alice)
    assert "Enable 2FA" in again.get(HOME).content.decode()
    alice.refresh_from_db()
    assert not alice.is_enrolled


def test_r12_an_unconfirmed_set_up_satisfies_no_policy(alice, bob):
    enrol(bob)
    require(found("fort", bob, members=[alice]))
    found("open", alice)
    client = sign_in(alice)
    start(client)

    assert client.get("/app/fort")["Location"].startswith("/app/fort/locked-out")
    client.post("/app/open/settings/authentication/require-two-factor")
    assert not is_mandatory("open")


def test_en_02_the_same_secret_at_every_refresh_and_in_every_tab(alice):
    client = sign_in(alice)
    key = start(client)
    tab = with_key(key_of(client))

    assert {key_on(browser.get(CONFIRM)) for browser in [client, tab] * 3} == {key}
    answer(client, "000000", CONFIRM)
    assert key_on(client.get(CONFIRM)) == key


def test_en_03_cancelling_forgets_the_secret(alice):
    client = sign_in(alice)
    old = Authenticator(alice, start(client))
    assert act(client, "cancel")["Location"] == HOME
    assert client.get(CONFIRM)["Location"] == HOME
    assert not TOTPDevice.objects.exists()

    new = Authenticator(alice, start(client))

    assert new.key != old.key
    assert INVALID in answer(client, old.code(), CONFIRM).content.decode()
    assert answer(client, new.code(), CONFIRM).status_code == 200


def test_r12_starting_again_replaces_the_secret(alice):
    client = sign_in(alice)
    old, new = Authenticator(alice, start(client)), Authenticator(alice, start(client))

    assert new.key != old.key
    assert answer(client, old.code(), CONFIRM).status_code == 422
    assert TOTPDevice.objects.count() == 1


def test_en_04_a_set_up_ends_after_fifteen_minutes(clock, alice):
    client = sign_in(alice)
    old = Authenticator(alice, start(client))
    clock.shift(15 * 60)
    prove_by_password(client)

    assert answer(client, old.code(), CONFIRM)["Location"] == HOME
    assert "That setup has ended" in client.get(HOME).content.decode()
    assert start(client) != old.key
    assert confirmed(alice) == 0


def test_sf1_a_set_up_ends_with_the_password_under_which_it_began(alice):
    """Somebody who had the session before may have seen its secret."""
    client = sign_in(alice)
    seen = Authenticator(alice, start(client))
    new = {"password": PASSWORD, "new_password": "an entirely different sentence"}
    assert client.post("/app/settings/password", new).status_code == 302

    assert client.get(CONFIRM)["Location"] == HOME
    assert answer(client, seen.code(), CONFIRM)["Location"] == HOME
    assert confirmed(alice) == 0
    assert start(client) != seen.key


def test_r12_a_set_up_outlasts_sudo(clock, alice):
    client = sign_in(alice)
    app = Authenticator(alice, start(client))
    clock.shift(14 * 60 + 59)

    assert client.get(CONFIRM)["Location"] == f"{SUDO}?next={CONFIRM.replace('/', '%2F')}"
    assert prove_by_password(client)["Location"] == CONFIRM
    assert key_on(client.get(CONFIRM)) == app.key
    assert answer(client, app.code(), CONFIRM).status_code == 200


def test_en_12_two_browsers_set_up_and_one_of_them_wins(alice):
    first, second = sign_in(alice), sign_in(alice)
    mine, late = Authenticator(alice, start(first)), Authenticator(alice, start(second))

    assert answer(first, mine.code(), CONFIRM).status_code == 200
    assert answer(second, late.code(), CONFIRM)["Location"].startswith("/session?")

    assert confirmed(alice) == 1
    assert answer(pending(alice), late.code()).status_code == 422
    assert answer(pending(alice), mine.fresh_code()).status_code == 302
    assert broken() == []


def test_r12_the_code_of_another_sessions_set_up_confirms_nothing(alice):
    browsers = [sign_in(alice), sign_in(alice)]
    apps = [Authenticator(alice, start(client)) for client in browsers]

    for client, other in zip(browsers, reversed(apps), strict=True):
        assert answer(client, other.code(), CONFIRM).status_code == 422
    assert confirmed(alice) == 0

    assert answer(browsers[1], apps[1].code(), CONFIRM).status_code == 200
    assert answer(pending(alice), apps[0].code()).status_code == 422


def test_en_15_the_set_up_of_somebody_else_can_not_be_confirmed(alice, mallory):
    app = Authenticator(alice, start(sign_in(alice)))
    thief = sign_in(mallory)

    assert answer(thief, app.code(), CONFIRM)["Location"] == HOME

    start(thief)
    assert answer(thief, app.code(), CONFIRM).status_code == 422
    assert confirmed(alice) == confirmed(mallory) == 0
