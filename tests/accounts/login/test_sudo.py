"""Sudo (D6): what changes how one signs in asks for a proof of the last five minutes, and comes back."""

import pytest
from django.test import Client

from accounts.models import Session
from tests.accounts.login.test_sign_in import ELSEWHERE
from tests.support.crawler import dump
from tests.support.organizations import found, membership_of
from tests.support.people import PASSWORD, TWO_FACTOR, codes_on, sign_in
from tests.support.two_factor import (
    HOME,
    INVALID,
    RECOVERY,
    SUDO,
    act,
    answer,
    events_of,
    is_out,
    is_signed_in,
    key_of,
    let_sudo_expire,
    pending,
    recover,
    sudo_page,
    with_key,
)

pytestmark = pytest.mark.django_db(transaction=True)

# What is guarded: (path of the POST, page to come back to, fields)
GUARDED = {
    "confirm": (f"{TWO_FACTOR}/confirm", f"{TWO_FACTOR}/confirm", {"code": "000000"}),
    "reveal": (f"{TWO_FACTOR}/reveal-codes", HOME, {}),
    "renew": (f"{TWO_FACTOR}/renew-codes", HOME, {}),
    "disable": (f"{TWO_FACTOR}/disable", f"{TWO_FACTOR}/disable", {"password": PASSWORD}),
    "password": (
        "/app/settings/password",
        "/app/settings/password",
        {"password": PASSWORD, "new_password": "an entirely new sentence"},
    ),
    "e-mail": ("/app/settings/profile/email", "/app/settings/profile", {"email": "new@example.com"}),
    "delete": (
        "/app/settings/profile/delete",
        "/app/settings/profile/delete",
        {"password": PASSWORD},
    ),
    "require": (
        "/app/acme/settings/authentication/require-two-factor",
        "/app/acme/settings/authentication/require-two-factor",
        {},
    ),
    "make owner": ("/app/acme/settings/users/%s/make-owner", "/app/acme/settings/users/%s/make-owner", {}),
}


@pytest.mark.parametrize(("path", "back", "fields"), GUARDED.values(), ids=GUARDED)
def test_d6_a_post_without_sudo_comes_back_to_its_page_and_is_not_replayed(
    alice, bob, app_of_alice, path, back, fields
):
    found("acme", alice, members=[bob])
    pk = membership_of(bob, "acme").pk
    path, back = path.replace("%s", str(pk)), back.replace("%s", str(pk))
    client = sign_in(alice, app_of_alice)
    let_sudo_expire(alice)
    before = dump()

    asked = client.post(path, fields)
    assert asked["Location"] == sudo_page(back, path)
    assert client.get(asked["Location"]).status_code == 200
    assert dump() == before
    proved = client.post(asked["Location"], {"code": app_of_alice.fresh_code(), "next": back})

    assert proved["Location"] == back
    assert client.get(back).status_code == (200 if back != f"{TWO_FACTOR}/confirm" else 302)
    assert events_of(alice)[-1] == "sudo.granted"


def test_d6_a_page_without_sudo_comes_back_as_it_was_asked_for(alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    let_sudo_expire(alice)

    for path in [f"{TWO_FACTOR}/disable", "/app/settings/password?a=b", "/app/settings/profile/delete"]:
        assert client.get(path)["Location"] == sudo_page(path)


def test_d6_it_lasts_five_minutes(clock, alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    clock.shift(4 * 60 + 59)
    assert act(client, "reveal-codes").status_code == 200

    clock.shift(1)
    assert act(client, "reveal-codes").status_code == 302
    assert answer(client, app_of_alice.code(), SUDO).status_code == 302

    clock.shift(4 * 60 + 59)
    assert act(client, "reveal-codes").status_code == 200
    clock.shift(1)
    assert act(client, "reveal-codes").status_code == 302


def test_d6_using_it_does_not_prolong_it(clock, alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    for _ in range(5):
        clock.shift(59)
        act(client, "reveal-codes")

    clock.shift(6)

    assert act(client, "reveal-codes").status_code == 302


def test_d6_a_proof_from_the_future_is_none(clock, alice, app_of_alice):
    client = sign_in(alice, app_of_alice)

    clock.shift(-30)

    assert act(client, "reveal-codes").status_code == 302


@pytest.mark.parametrize("enrolled", [True, False])
def test_d6_a_complete_login_grants_it(alice, enrolled, request):
    app = request.getfixturevalue("app_of_alice") if enrolled else None
    client = sign_in(alice, app)

    assert client.get("/app/settings/password").status_code == 200
    assert client.get(SUDO)["Location"] == "/app"


def test_d6_turning_two_factor_on_grants_it(alice, app_of_alice):
    row = Session.objects.get(user=alice, verified_at__isnull=False)

    assert row.proved_at is not None


def test_d6_a_backup_code_counts_and_is_spent(alice, app_of_alice, mailoutbox):
    client = sign_in(alice, app_of_alice)
    let_sudo_expire(alice)
    page = client.get(sudo_page(HOME)).content.decode()
    link = f"{SUDO}?factor=backup-codes&amp;next=%2Fapp%2Fsettings%2Ftwo-factor"
    assert f'<a href="{link}">Use a recovery code</a>' in page
    mailoutbox.clear()
    form = {"code": app_of_alice.codes[0], "factor": "backup-codes", "next": HOME}

    assert client.post(SUDO, form)["Location"] == HOME

    assert act(client, "reveal-codes").status_code == 200
    assert mailoutbox[0].subject == "A backup code was used"
    assert recover(pending(alice), app_of_alice.codes[0]).status_code == 422


def test_d6_a_session_that_skipped_the_second_factor_has_no_sudo_and_is_verified_by_it(alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    rows = Session.objects.filter(user=alice)
    rows.update(verified_at=None)  # stands for a remembered browser

    assert act(client, "reveal-codes").status_code == 302
    assert client.get(SUDO).status_code == 200
    answer(client, app_of_alice.fresh_code(), SUDO)

    assert act(client, "reveal-codes").status_code == 200
    assert rows.filter(verified_at__isnull=False).count() == 1


def test_r14_a_code_given_for_sudo_does_not_log_in_as_well(clock, alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    clock.shift(30)
    code = app_of_alice.code()

    assert answer(client, code, SUDO).status_code == 302

    assert answer(pending(alice), code).status_code == 422
    assert answer(client, code, SUDO).status_code == 422


def test_d6_the_password_is_asked_of_who_has_no_two_factor(alice):
    client = sign_in(alice)
    let_sudo_expire(alice)
    page = client.get(sudo_page(HOME)).content.decode()
    assert 'name="password"' in page
    assert 'name="code"' not in page

    wrong = client.post(SUDO, {"password": "wrong", "next": HOME})
    right = client.post(SUDO, {"password": PASSWORD, "next": HOME})

    assert (wrong.status_code, right["Location"]) == (422, HOME)
    assert events_of(alice)[-2:] == ["password.failed", "sudo.granted"]
    assert Session.objects.get(user=alice).verified_at is None


@pytest.mark.parametrize("factor", ["", "password", "app", "backup-codes", "nothing"])
def test_d6_the_password_is_not_enough_for_who_has_two_factor(alice, app_of_alice, factor):
    client = sign_in(alice, app_of_alice)
    let_sudo_expire(alice)

    response = client.post(SUDO, {"password": PASSWORD, "factor": factor, "next": HOME})

    assert response.status_code == 422
    assert 'name="password"' not in response.content.decode()
    assert act(client, "reveal-codes").status_code == 302


def test_d6_a_wrong_code_grants_nothing(alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    let_sudo_expire(alice)

    response = answer(client, app_of_alice.wrong_code(), SUDO)

    assert INVALID in response.content.decode()
    assert act(client, "reveal-codes").status_code == 302
    assert events_of(alice)[-1] == "two_factor.failed"
    assert is_signed_in(client, alice)


def test_r8_the_code_of_somebody_else_grants_nothing(alice, bob, app_of_alice):
    client = sign_in(bob)
    let_sudo_expire(bob)

    response = client.post(SUDO, {"code": app_of_alice.fresh_code(), "factor": "app", "username": "alice"})

    assert response.status_code == 422
    assert client.get("/app/settings/password").status_code == 302


def test_r9_the_session_key_changes_and_the_former_one_is_refused(alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    former = key_of(client)

    answer(client, app_of_alice.fresh_code(), SUDO)

    assert key_of(client) != former
    assert is_out(with_key(former))
    assert is_signed_in(client, alice)


def test_d6_sudo_is_of_one_session_only(alice, app_of_alice):
    here, there = sign_in(alice, app_of_alice), sign_in(alice, app_of_alice)
    let_sudo_expire(alice)

    answer(here, app_of_alice.fresh_code(), SUDO)

    assert act(here, "reveal-codes").status_code == 200
    assert act(there, "reveal-codes").status_code == 302


def test_lg_19_sudo_leads_to_no_other_site(alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    for target in ELSEWHERE:
        assert client.get(sudo_page(target))["Location"] == "/app", target
        response = client.post(SUDO, {"code": app_of_alice.fresh_code(), "next": target})
        assert response["Location"] == "/app", target


def test_sudo_is_for_who_is_signed_in(alice, app_of_alice):
    for client in (Client(), pending(alice)):
        assert client.get(SUDO)["Location"].startswith("/session?")
        assert answer(client, app_of_alice.fresh_code(), SUDO)["Location"].startswith("/session?")
        assert is_out(client)


def test_lg_20_sudo_needs_a_csrf_token(alice, app_of_alice):
    client = Client(enforce_csrf_checks=True)
    client.cookies = sign_in(alice, app_of_alice).cookies
    let_sudo_expire(alice)

    assert answer(client, app_of_alice.fresh_code(), SUDO).status_code == 403
    assert act(client, "reveal-codes").status_code == 403


def test_d6_what_only_shows_asks_for_nothing(alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    let_sudo_expire(alice)

    for page in (HOME, "/app/settings/profile", "/app/settings/activity", "/app"):
        assert client.get(page).status_code == 200
        assert codes_on(client.get(page)) == []


def test_d6_the_recovery_page_of_the_login_is_no_way_to_sudo(alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    let_sudo_expire(alice)

    assert recover(client, app_of_alice.codes[0])["Location"] == "/app"
    assert client.get(RECOVERY)["Location"] == "/app"
    assert act(client, "reveal-codes").status_code == 302
    assert recover(pending(alice), app_of_alice.codes[0]).status_code == 302
