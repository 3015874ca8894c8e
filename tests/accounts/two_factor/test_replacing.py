"""An application takes the place of another one."""

import pytest

from accounts.factors.totp.models import TOTPDevice
from tests.support.invariants import broken
from tests.support.people import TWO_FACTOR, Authenticator, key_on, sign_in
from tests.support.two_factor import HOME, act, answer, events_of, is_out, is_signed_in, pending, recover

pytestmark = pytest.mark.django_db(transaction=True)

CONFIRM = f"{TWO_FACTOR}/confirm"


@pytest.fixture
def replacing(alice, app_of_alice):
    """alice is about to replace her app: (her browser, the new app)."""
    client = sign_in(alice, app_of_alice)
    assert act(client, "app/replace")["Location"] == CONFIRM
    return client, Authenticator(alice, key_on(client.get(CONFIRM)))


def test_the_old_app_works_until_the_new_one_has_given_a_right_code(alice, app_of_alice, replacing):
    client, new = replacing

    assert new.key != app_of_alice.key
    assert answer(client, app_of_alice.fresh_code(), CONFIRM).status_code == 422
    assert answer(pending(alice), new.code()).status_code == 422
    assert answer(pending(alice), app_of_alice.fresh_code()).status_code == 302


def test_the_new_app_takes_the_place_of_the_old_one(alice, app_of_alice, replacing):
    client, new = replacing
    enabled_at = alice.two_factor_enabled_at

    assert answer(client, new.code(), CONFIRM)["Location"] == HOME

    assert answer(pending(alice), app_of_alice.code()).status_code == 422
    assert answer(pending(alice), new.fresh_code()).status_code == 302
    alice.refresh_from_db()
    assert alice.two_factor_enabled_at == enabled_at
    assert TOTPDevice.objects.count() == 1
    assert broken() == []


def test_replacing_keeps_the_backup_codes(alice, app_of_alice, replacing):
    client, new = replacing
    answer(client, new.code(), CONFIRM)

    assert recover(pending(alice), app_of_alice.codes[0]).status_code == 302


def test_r50_replacing_ends_other_sessions_and_is_announced(alice, app_of_alice, replacing, mailoutbox):
    client, new = replacing
    other, waiting = sign_in(alice, app_of_alice), pending(alice)
    mailoutbox.clear()

    answer(client, new.code(), CONFIRM)

    assert is_signed_in(client, alice)
    assert is_out(other)
    assert answer(waiting, new.fresh_code())["Location"] == "/session"
    assert [mail.subject for mail in mailoutbox] == ["Your two-factor device was replaced"]
    assert events_of(alice)[-1] == "two_factor.replaced"


def test_cancelling_a_replacement_keeps_the_old_app(alice, app_of_alice, replacing):
    client, new = replacing
    act(client, "cancel")

    assert answer(client, new.code(), CONFIRM)["Location"] == HOME
    assert answer(pending(alice), app_of_alice.fresh_code()).status_code == 302


@pytest.mark.parametrize("factor", ["backup-codes", "nothing"])
def test_only_a_device_that_is_there_can_be_replaced(alice, app_of_alice, factor):
    client = sign_in(alice, app_of_alice)

    assert act(client, f"{factor}/replace").status_code == 404


def test_nothing_to_replace_without_two_factor(alice):
    client = sign_in(alice)

    assert act(client, "app/replace")["Location"] == HOME
    assert "Application isn&#x27;t configured." in client.get(HOME).content.decode()
