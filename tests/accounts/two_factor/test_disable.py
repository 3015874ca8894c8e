"""Turning two-factor authentication off. Owners of organizations that require it: tests/organizations."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.factors.backup_codes.models import BackupCode, BackupCodeSet
from accounts.factors.totp.models import TOTPDevice
from accounts.models import User
from tests.accounts.factors.sms.conftest import enrol_phone
from tests.support.invariants import broken
from tests.support.organizations import found, require
from tests.support.people import PASSWORD, TWO_FACTOR, enrol, post_password, sign_in
from tests.support.two_factor import (
    HOME,
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
    same_browser,
    sudo_page,
    with_key,
)

pytestmark = pytest.mark.django_db(transaction=True)

DISABLE = f"{TWO_FACTOR}/disable"


def disable(client, password=PASSWORD):
    return client.post(DISABLE, {"password": password})


def is_enrolled(user):
    return User.objects.get(pk=user.pk).is_enrolled


def test_di_06_afterwards_the_password_is_all_that_is_asked(alice, app_of_alice, mailoutbox):
    client = sign_in(alice, app_of_alice)
    mailoutbox.clear()

    assert disable(client)["Location"] == HOME

    assert is_signed_in(sign_in(alice), alice)
    page = client.get(HOME).content.decode()
    assert "Two-factor authentication is now disabled." in page
    assert "Enable 2FA" in page
    assert mailoutbox[0].subject == "Two-factor authentication is off"
    assert broken() == []


def test_r31_everything_goes_at_once(alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    act(client, "app/replace")  # and what is being set up
    assert TOTPDevice.objects.count() == 2

    disable(client)

    for model in (TOTPDevice, BackupCodeSet, BackupCode):
        assert model.objects.count() == 0
    assert client.get(f"{TWO_FACTOR}/confirm")["Location"] == HOME


@pytest.mark.parametrize(
    "fields", [{}, {"password": ""}, {"password": "wrong"}, {"password": PASSWORD.upper()}]
)
def test_di_01_without_the_password_nothing_happens(alice, app_of_alice, fields):
    client = sign_in(alice, app_of_alice)

    assert client.post(DISABLE, fields).status_code == 422

    assert is_enrolled(alice)
    assert events_of(alice)[-1] == ("password.failed" if fields.get("password") else "login.succeeded")


def test_di_01_without_a_recent_second_factor_nothing_happens(clock, alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    clock.shift(5 * 60)

    assert disable(client)["Location"] == sudo_page(DISABLE, DISABLE)
    assert client.post(SUDO, {"password": PASSWORD, "next": DISABLE}).status_code == 422
    assert is_enrolled(alice)
    assert client.post(SUDO, {"code": app_of_alice.code(), "next": DISABLE})["Location"] == DISABLE
    assert is_enrolled(alice)  # what was asked for before is not done afterwards
    assert disable(client)["Location"] == HOME


def test_r30_a_backup_code_is_a_second_factor(clock, alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    clock.shift(5 * 60)

    client.post(SUDO, {"code": app_of_alice.codes[0], "factor": "backup-codes"})

    assert disable(client)["Location"] == HOME
    assert not is_enrolled(alice)


def guesses_at(client, page, fields):
    """Enter wrong passwords until told to wait; returns how many were looked at."""
    for number in range(30):
        if client.post(page, fields).status_code == 429:
            return number
    pytest.fail("never refused")


OTHER_FORMS = {
    "disable": (DISABLE, {"password": "wrong"}),
    "password": (
        "/app/settings/password",
        {"password": "wrong", "new_password": "an entirely new sentence"},
    ),
    "delete": ("/app/settings/profile/delete", {"password": "wrong"}),
}


@pytest.mark.parametrize("form", OTHER_FORMS.values(), ids=OTHER_FORMS)
def test_di_02_guessing_the_password_here_is_guessing_at_the_login(clock, alice, app_of_alice, form):
    client = sign_in(alice, app_of_alice)
    elsewhere = same_browser(
        client
    )  # other browsers have budgets of their own: tests/accounts/limits/test_known_browsers.py
    elsewhere.defaults["REMOTE_ADDR"] = "198.51.100.7"

    assert guesses_at(client, *form) == 10

    assert post_password(elsewhere, alice).status_code == 429
    assert disable(client).status_code == 429
    assert is_enrolled(alice)
    clock.shift(299)
    assert post_password(elsewhere, alice).status_code == 429
    clock.shift(1)
    assert post_password(elsewhere, alice).status_code == 302


def test_di_02_so_is_sudo_by_password(clock, bob):
    client = sign_in(bob)
    let_sudo_expire(bob)

    assert guesses_at(client, SUDO, {"password": "wrong"}) == 10
    assert post_password(same_browser(client), bob).status_code == 429


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://testserver:8001", "https://testserver"]
)
def test_di_03_a_form_of_another_site_is_refused(alice, app_of_alice, origin):
    client = Client(enforce_csrf_checks=True)
    client.cookies = sign_in(alice, app_of_alice).cookies
    token = client.get(DISABLE).context["csrf_token"]
    fields = {"password": PASSWORD, "csrfmiddlewaretoken": token}

    assert client.post(DISABLE, fields, HTTP_ORIGIN=origin).status_code == 403
    assert client.post(DISABLE, {"password": PASSWORD}).status_code == 403
    assert is_enrolled(alice)
    assert client.post(DISABLE, fields, HTTP_ORIGIN="http://testserver").status_code == 302


def test_di_03_the_cookie_does_not_come_along_from_other_sites(alice):
    client = sign_in(alice)

    for name in ("session", "csrf", "known-browser"):
        assert client.cookies[name]["samesite"] == "Lax"


@pytest.mark.parametrize("path", [DISABLE, HOME, "/session", "/session/two-factor", SUDO])
def test_di_04_no_page_can_be_framed(alice, app_of_alice, path):
    response = sign_in(alice, app_of_alice).get(path)

    assert response["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]


def test_di_05_only_a_post_disables(alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    query = f"{DISABLE}?password={PASSWORD}"

    answers = [getattr(client, method)(query) for method in ("get", "head", "options", "put", "delete")]

    assert [response.status_code for response in answers] == [200, 200, 405, 405, 405]
    assert is_enrolled(alice)
    assert events_of(alice)[-1] == "login.succeeded"


def test_di_07_all_other_sessions_end_and_this_one_goes_on_under_a_new_key(alice, app_of_alice):
    here, there, waiting = sign_in(alice, app_of_alice), sign_in(alice, app_of_alice), pending(alice)
    former = key_of(here)

    disable(here)

    assert is_signed_in(here, alice)
    assert is_out(there)
    assert is_out(with_key(former))
    assert waiting.get("/session/two-factor")["Location"] == "/session"


def test_di_08_an_old_authenticator_is_useless_after_enrolling_again(alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    disable(client)
    new = enrol(alice, client)

    assert new.key != app_of_alice.key
    assert answer(pending(alice), app_of_alice.code()).status_code == 422
    assert answer(pending(alice), new.fresh_code()).status_code == 302


def test_di_09_an_owner_is_refused_where_it_is_required_and_told_why(alice, app_of_alice, mailoutbox):
    require(found("fort", alice))
    client = sign_in(alice, app_of_alice)
    mailoutbox.clear()

    page = client.get(DISABLE).content.decode()
    response = disable(client)

    assert "fort" in page
    assert "you can replace the app instead" in page
    assert 'name="password"' not in page
    assert response.status_code == 422
    assert "fort" in response.content.decode()
    assert is_enrolled(alice)
    assert (mailoutbox, events_of(alice)[-1]) == ([], "login.succeeded")


def test_d3_that_owner_can_replace_the_app(alice, app_of_alice):
    require(found("fort", alice))

    assert act(sign_in(alice, app_of_alice), "app/replace")["Location"] == f"{TWO_FACTOR}/confirm"


def test_di_10_a_member_is_told_what_gets_locked_and_it_does(alice, bob, app_of_alice):
    app_of_bob = enrol(bob)
    require(found("fort", bob, members=[alice]))
    found("open", bob, members=[alice])
    client = sign_in(alice, app_of_alice)
    assert "<li>fort</li>" in client.get(DISABLE).content.decode()

    disable(client)

    assert client.get("/app/fort")["Location"].startswith("/app/fort/locked-out")
    assert client.get("/app/open").status_code == 200
    assert sign_in(bob, app_of_bob).get("/app/fort").status_code == 200


def test_di_12_twice_is_harmless(alice, app_of_alice, mailoutbox):
    client = sign_in(alice, app_of_alice)
    mailoutbox.clear()

    answers = [disable(client), disable(client), client.get(DISABLE)]

    assert [response["Location"] for response in answers] == [HOME] * 3
    assert len(mailoutbox) == 1
    assert events_of(alice).count("two_factor.disabled") == 1


def test_di_12_with_nothing_to_disable(alice, mailoutbox):
    client = sign_in(alice)
    mailoutbox.clear()

    assert disable(client)["Location"] == HOME
    assert "Two-factor authentication isn&#x27;t enabled." in client.get(HOME).content.decode()
    assert (mailoutbox, events_of(alice)) == ([], ["login.succeeded"])


def test_r27_the_backup_codes_are_useless(alice, app_of_alice):
    waiting = pending(alice)
    disable(sign_in(alice, app_of_alice))

    assert recover(waiting, app_of_alice.codes[0])["Location"] == "/session"
    assert is_out(waiting)


def test_tf4_i7_removing_it_twice_is_recorded_and_told_once(alice, app_of_alice, mailoutbox):
    mailoutbox.clear()
    call_command("disable_two_factor", "alice", reason="lost the phone")
    with pytest.raises(CommandError):
        call_command("disable_two_factor", "alice", reason="lost the phone")

    assert events_of(alice).count("two_factor.disabled") == 1
    assert len(mailoutbox) == 1


def test_r32_no_method_is_removed_but_by_disabling_where_it_is_the_last(alice, app_of_alice):
    require(found("fort", alice))
    client = sign_in(alice, app_of_alice)

    assert act(client, "app/remove").status_code == 302

    assert TOTPDevice.objects.filter(user=alice, confirmed=True).exists()
    assert is_enrolled(alice)
    assert broken() == []


def test_tf4_r50_removing_one_method_ends_all_other_sessions(alice, app_of_alice):
    client = enrol_phone(alice, sign_in(alice, app_of_alice))
    elsewhere = sign_in(alice, app_of_alice)

    assert act(client, "sms/remove").status_code == 302

    assert is_signed_in(client, alice)
    assert is_out(elsewhere)


def test_r50_adding_a_method_ends_all_other_sessions(alice, app_of_alice):
    client, elsewhere = sign_in(alice, app_of_alice), sign_in(alice, app_of_alice)

    enrol_phone(alice, client)

    assert is_signed_in(client, alice)
    assert is_out(elsewhere)
