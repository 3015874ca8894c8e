"""Browsers that are remembered (D10): what they open, what they do not, and when that ends."""

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from accounts.models import AuditEvent, RememberedBrowser, Session
from tests.accounts.sessions.remembering import (
    DAY,
    SESSIONS,
    is_asked,
    remember,
    renew_codes,
    sign_in_without_code,
)
from tests.support import people
from tests.support.people import PASSWORD, TWO_FACTOR, post_password
from tests.support.two_factor import CHALLENGE, RECOVERY, SUDO, act, is_signed_in, let_sudo_expire, pending

pytestmark = pytest.mark.django_db(transaction=True)


# ---------------------------------------------------------------- the box


@pytest.mark.parametrize("page", [CHALLENGE, RECOVERY])
def test_d10_the_box_is_there_and_off(alice, app_of_alice, page):
    html = pending(alice).get(page).content.decode()

    assert "Remember this device for 14 days" in html
    assert '<input type="checkbox" name="remember" id="id_remember">' in html


def test_d10_sudo_offers_no_such_box(alice, app_of_alice):
    client = people.sign_in(alice, app_of_alice)
    let_sudo_expire(alice)

    assert 'name="remember"' not in client.get(SUDO).content.decode()
    client.post(SUDO, {"code": app_of_alice.fresh_code(), "remember": "on"})
    assert not RememberedBrowser.objects.exists()


def test_d10_without_the_box_nothing_is_remembered(alice, app_of_alice):
    client = people.sign_in(alice, app_of_alice)
    client.post("/session/logout")

    assert "remembered" not in client.cookies
    assert is_asked(client, alice)


def test_d10_a_wrong_code_remembers_nothing(alice, app_of_alice):
    client = pending(alice)

    response = client.post(CHALLENGE, {"code": app_of_alice.wrong_code(), "remember": "on"})

    assert 'name="remember" id="id_remember" checked' in response.content.decode()
    assert "remembered" not in client.cookies
    assert not RememberedBrowser.objects.exists()


# ---------------------------------------------------------------- what it opens


def test_d10_a_remembered_browser_signs_in_with_the_password(alice, app_of_alice):
    client = sign_in_without_code(alice, app_of_alice, next="/app/settings/profile")

    session = Session.objects.filter(user=alice).latest("id")
    assert is_signed_in(client, alice)
    assert (session.factor, session.proved_at) == ("remembered", None)
    assert session.verified_at is not None
    assert AuditEvent.objects.filter(event="login.succeeded").latest("id").data == {"method": "remembered"}


def test_d10_a_recovery_code_can_have_it_remembered_as_well(alice, app_of_alice):
    client = pending(alice)
    client.post(RECOVERY, {"code": app_of_alice.codes[0], "remember": "on"})
    client.post("/session/logout")

    assert not is_asked(client, alice)


def test_d10_the_password_comes_first(alice, app_of_alice):
    client = remember(alice, app_of_alice)
    used = RememberedBrowser.objects.get().last_used_at

    response = post_password(client, alice, "not the password of alice")

    assert response.status_code == 422
    assert "Invalid login or password" in response.content.decode()
    assert RememberedBrowser.objects.get().last_used_at == used


def test_d10_it_gives_no_sudo(alice, app_of_alice):
    client = sign_in_without_code(alice, app_of_alice)

    response = act(client, "reveal-codes")

    assert response["Location"].startswith(SUDO)
    assert client.get(SUDO).status_code == 200


def test_d10_the_password_is_no_way_to_sudo(alice, app_of_alice):
    client = sign_in_without_code(alice, app_of_alice)

    assert client.post(SUDO, {"password": PASSWORD}).status_code == 422


def test_d10_it_does_not_open_the_site_administration(alice, app_of_alice):
    alice.is_staff = alice.is_superuser = True
    alice.save()
    client = sign_in_without_code(alice, app_of_alice)

    assert client.get("/admin/")["Location"] == "/session/sudo?next=%2Fadmin%2F"
    assert client.get("/admin/accounts/user/")["Location"].startswith(SUDO)


def test_d6_a_second_factor_for_sudo_makes_it_fully_verified(alice, app_of_alice):
    alice.is_staff = alice.is_superuser = True
    alice.save()
    client = sign_in_without_code(alice, app_of_alice)

    response = client.post(SUDO, {"code": app_of_alice.fresh_code(), "next": "/admin/"})

    assert response["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200
    session = Session.objects.filter(user=alice).latest("id")
    assert session.factor == "app"
    assert session.proved_at is not None


def test_d10_it_is_not_known_to_who_may_not_know(alice, app_of_alice):
    """A wrong password looks the same in a remembered browser."""
    remembered = post_password(remember(alice, app_of_alice), alice, "not the password of alice")
    other = post_password(Client(), alice, "not the password of alice")

    assert remembered.status_code == other.status_code
    assert sorted(remembered.headers) == sorted(other.headers)


# ---------------------------------------------------------------- how long


def test_d10_it_lasts_fourteen_days_and_use_does_not_prolong_it(clock, alice):
    client = remember(alice, people.enrol(alice))

    clock.shift(14 * DAY - 60)
    assert not is_asked(client, alice)
    clock.shift(61)
    assert is_asked(client, alice)


def test_d10_the_cookie_lives_as_long(alice, app_of_alice):
    cookie = remember(alice, app_of_alice).cookies["remembered"]

    assert cookie["max-age"] == 14 * DAY
    assert cookie["httponly"] is True
    assert (cookie["samesite"], cookie["path"], cookie["domain"]) == ("Lax", "/", "")


def test_se_06_over_https_the_cookie_is_host_bound_and_secure(settings, alice, app_of_alice):
    settings.HTTPS = settings.SESSION_COOKIE_SECURE = True
    settings.SESSION_COOKIE_NAME = "__Host-session"

    client = remember(alice, app_of_alice)

    cookie = client.cookies["__Host-remembered"]
    assert cookie["secure"] is True
    assert not is_asked(client, alice)


def test_d10_one_from_the_future_is_none(clock, alice):
    client = remember(alice, people.enrol(alice))

    clock.shift(-3600)

    assert is_asked(client, alice)


# ---------------------------------------------------------------- SE-10: who it is not for


def test_se_10_not_for_somebody_else(alice, bob, app_of_alice):
    app_of_bob = people.enrol(bob)
    client = remember(alice, app_of_alice)

    assert app_of_bob
    assert is_asked(client, bob)
    assert not is_asked(client, alice)


def edited(user, other, token):
    return {
        "the owner's name replaced": f"{other.pk}.{token}",
        "one character": f"{user.pk}.{'A' if token[0] != 'A' else 'B'}{token[1:]}",
        "cut": f"{user.pk}.{token[:-1]}",
        "longer": f"{user.pk}.{token}A",
        "no token": f"{user.pk}.",
        "no owner": token,
        "the hash": f"{user.pk}.{RememberedBrowser.objects.get(user=user).token_hash}",
        "nothing": "",
        "SQL": f"{user.pk}.' OR 1=1 --",
        "other digits": f"{'٣'.encode().decode('latin-1')}.{token}",  # as it goes over the wire
        "a large number": f"{'9' * 400}.{token}",
        "very long": f"{user.pk}.{token}" + "~1.x" * 1500,
        "separators": "~.~..~~",
    }


def test_se_10_not_with_an_edited_cookie(alice, bob, app_of_alice):
    app_of_bob = people.enrol(bob)
    token = remember(alice, app_of_alice).cookies["remembered"].value.partition(".")[2]
    assert app_of_bob

    for name, value in edited(alice, bob, token).items():
        for user in (alice, bob):
            client = Client()
            client.cookies["remembered"] = value
            assert is_asked(client, user), (name, user)


def change_password(user, app, client):
    new = "another battery staple horse 43"
    client.post("/app/settings/password", {"password": PASSWORD, "new_password": new})
    return new


def reset_password(user, app, client):
    new = "another battery staple horse 44"
    client.post("/account/password/forgot", {"email": user.email})
    link = next(line for line in mail.outbox[-1].body.split() if "/account/password/reset/" in line)
    browser = Client()
    browser.get(link[link.index("/account") :])
    assert browser.post("/account/password/reset", {"new_password": new}).status_code == 302
    return new


def replace_app(user, app, client):
    client.post(f"{TWO_FACTOR}/app/replace")
    new = people.Authenticator(user, people.key_on(client.get(f"{TWO_FACTOR}/confirm")))
    assert client.post(f"{TWO_FACTOR}/confirm", {"code": new.code()}).status_code in (200, 302)


def disable_and_enable(user, app, client):
    assert act(client, "disable", password=PASSWORD).status_code == 302
    people.enrol(user, client)


def forget_it(user, app, client):
    row = RememberedBrowser.objects.get(user=user)
    assert client.post(f"{SESSIONS}/remembered/{row.pk}/forget").status_code == 302


def forget_all(user, app, client):
    assert client.post(f"{SESSIONS}/remembered/forget").status_code == 302


CHANGES = [
    change_password,
    reset_password,
    replace_app,
    renew_codes,
    disable_and_enable,
    forget_it,
    forget_all,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_se_10_r22_not_after_a_change(alice, app_of_alice, change):
    client = remember(alice, app_of_alice)
    elsewhere = people.sign_in(alice, app_of_alice)

    password = change(alice, app_of_alice, elsewhere) or PASSWORD

    assert is_asked(client, alice, password)


def test_se_10_not_after_the_account_was_closed_for_a_while(alice, app_of_alice):
    client = remember(alice, app_of_alice)
    root = people.make_user("root", is_staff=True, is_superuser=True)
    admin = people.sign_in(root, people.enrol(root))

    admin.post(f"/admin/accounts/user/{alice.pk}/act/deactivate/", {"reason": "a while"})
    assert post_password(client, alice).status_code == 422
    admin.post(f"/admin/accounts/user/{alice.pk}/act/reactivate/", {"reason": "a while"})

    assert is_asked(client, alice)


def test_se_10_a_revocation_that_comes_in_between_wins(alice, app_of_alice):
    """It is deleted after the sign-in has read it, and before the sign-in notes its use."""
    client = remember(alice, app_of_alice)

    def revoke_first(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and "rememberedbrowser" in sql:
            execute("DELETE FROM accounts_rememberedbrowser", (), many, context)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(revoke_first):
        response = post_password(client, alice)

    assert response["Location"] == CHALLENGE
