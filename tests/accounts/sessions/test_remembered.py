"""Browsers that are remembered (D10): what they open, what they do not, and when that ends."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, connection
from django.test import Client
from django.utils import timezone

from accounts.management import housekeeping
from accounts.models import AuditEvent, RememberedBrowser, Session
from tests.support import people
from tests.support.people import PASSWORD, TWO_FACTOR, post_password
from tests.support.statements import most, sent, statements
from tests.support.two_factor import (
    CHALLENGE,
    RECOVERY,
    SUDO,
    act,
    events_of,
    is_signed_in,
    let_sudo_expire,
    pending,
    sudo_page,
)

pytestmark = pytest.mark.django_db(transaction=True)

SESSIONS = "/app/settings/sessions"
DAY = 24 * 3600
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"


def remember(user, app, client=None):
    """A browser that is remembered for this user, and not signed in."""
    client = pending(user, client)
    response = client.post(CHALLENGE, {"code": app.fresh_code(), "remember": "on"})
    assert response["Location"] == "/app", response.content.decode()
    client.post("/session/logout")
    return client


def is_asked(client, user, password=PASSWORD):
    """Whether signing in here takes a second factor; signs out again."""
    target = post_password(client, user, password)["Location"]
    client.post("/session/logout")
    assert target in ("/app", CHALLENGE)
    return target == CHALLENGE


def sign_in_without_code(user, app, **fields):
    client = remember(user, app)
    assert post_password(client, user, **fields)["Location"] == fields.get("next", "/app")
    return client


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


def renew_codes(user, app, client):
    assert act(client, "renew-codes").status_code == 200


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


# ---------------------------------------------------------------- people who share a browser


def test_two_people_can_be_remembered_in_one_browser(alice, bob, app_of_alice):
    app_of_bob = people.enrol(bob)
    client = remember(bob, app_of_bob, remember(alice, app_of_alice))

    assert not is_asked(client, alice)
    assert not is_asked(client, bob)


def test_forgetting_one_of_them_leaves_the_other(alice, bob, app_of_alice):
    client = remember(bob, people.enrol(bob), remember(alice, app_of_alice))
    post_password(client, alice)
    client.post(SUDO, {"code": app_of_alice.fresh_code()})
    own = RememberedBrowser.objects.get(user=alice)

    client.post(f"{SESSIONS}/remembered/{own.pk}/forget")
    client.post("/session/logout")

    assert client.cookies["remembered"].value.startswith(f"{bob.pk}.")
    assert is_asked(client, alice)
    assert not is_asked(client, bob)


# ---------------------------------------------------------------- the list


def test_the_list_tells_browser_address_and_end_and_marks_this_one(alice, app_of_alice):
    client = Client(headers={"user-agent": CHROME})
    remember(alice, app_of_alice, client)
    post_password(client, alice)
    row = RememberedBrowser.objects.get()

    [entry] = client.get(SESSIONS).context["remembered"]

    assert (entry.browser, entry.row.ip, entry.is_this) == ("Chrome on Linux", "127.0.0.1", True)
    assert entry.ends_at == row.created_at + timedelta(days=14)
    [elsewhere] = people.sign_in(alice, app_of_alice).get(SESSIONS).context["remembered"]
    assert not elsewhere.is_this


def test_forgetting_this_browser_deletes_its_cookie(alice, app_of_alice):
    client = sign_in_without_code(alice, app_of_alice)
    client.post(SUDO, {"code": app_of_alice.fresh_code()})
    row = RememberedBrowser.objects.get()

    response = client.post(f"{SESSIONS}/remembered/{row.pk}/forget")

    assert response.cookies["remembered"]["max-age"] == 0
    assert is_signed_in(client, alice)
    assert events_of(alice)[-1] == "browser.forgotten"


def test_forgetting_needs_sudo_and_comes_back_to_the_page(alice, app_of_alice):
    client = sign_in_without_code(alice, app_of_alice)
    row = RememberedBrowser.objects.get()

    for path in (f"{SESSIONS}/remembered/{row.pk}/forget", f"{SESSIONS}/remembered/forget"):
        assert client.post(path)["Location"] == sudo_page(SESSIONS, path)
        assert client.get(path)["Location"] == SESSIONS
    assert RememberedBrowser.objects.exists()


def test_nobody_forgets_for_somebody_else(alice, bob, app_of_alice):
    client = remember(alice, app_of_alice)
    row = RememberedBrowser.objects.get()
    other = people.sign_in(bob)

    other.post(f"{SESSIONS}/remembered/{row.pk}/forget")
    other.post(f"{SESSIONS}/remembered/forget")

    assert not is_asked(client, alice)
    assert "browser.forgotten" not in events_of(bob)


def test_forgetting_twice_is_harmless_and_recorded_once(alice, app_of_alice):
    remember(alice, app_of_alice)
    client = people.sign_in(alice, app_of_alice)

    for _ in range(2):
        assert client.post(f"{SESSIONS}/remembered/forget")["Location"] == SESSIONS

    assert events_of(alice).count("browser.forgotten") == 1


# ---------------------------------------------------------------- what is kept, told and paid


def test_r25_the_table_holds_no_token(alice, app_of_alice):
    token = remember(alice, app_of_alice).cookies["remembered"].value.partition(".")[2]
    row = RememberedBrowser.objects.get()

    assert len(token) >= 43
    assert token not in str(vars(row))


def test_the_mail_about_a_new_browser_says_that_it_was_remembered(alice, app_of_alice):
    mail.outbox.clear()

    remember(alice, app_of_alice)

    [message] = mail.outbox
    assert message.subject == "New sign-in to your account"
    assert "for 14 days, signing in there takes only your password and no code" in " ".join(
        message.body.split()
    )
    assert SESSIONS in message.body


def test_the_mail_about_another_browser_does_not(alice, app_of_alice):
    mail.outbox.clear()

    people.sign_in(alice, app_of_alice)

    assert "14 days" not in mail.outbox[0].body


def test_it_is_recorded_once(alice, app_of_alice):
    remember(alice, app_of_alice)

    assert events_of(alice)[-3:] == ["login.succeeded", "browser.remembered", "login.ended"]


def test_a_sign_in_without_a_code_costs_less_than_one_with_it(alice, app_of_alice):
    client = remember(alice, app_of_alice)

    with sent() as queries:
        client.get("/session")
        assert post_password(client, alice)["Location"] == "/app"
        assert client.get("/app").status_code == 200

    assert len(statements(queries)) <= most(9, requests=2), "\n".join(statements(queries))


def test_what_has_ended_is_tidied_away(clock, alice, bob):
    app_of_alice, app_of_bob = people.enrol(alice), people.enrol(bob)
    remember(alice, app_of_alice)
    remember(bob, app_of_bob)
    renew_codes(bob, app_of_bob, people.sign_in(bob, app_of_bob))

    housekeeping.tidy()
    assert [row.user for row in RememberedBrowser.objects.all()] == [alice]

    clock.shift(14 * DAY + 1)
    housekeeping.tidy()
    assert not RememberedBrowser.objects.exists()


def test_se_09_a_deleted_account_leaves_none_behind(alice, app_of_alice):
    remember(alice, app_of_alice)
    client = people.sign_in(alice, app_of_alice)

    client.post("/app/settings/profile/delete", {"password": PASSWORD})

    assert not RememberedBrowser.objects.exists()


def test_a_remembered_session_is_never_a_proof(alice, app_of_alice):
    """The database refuses it, whatever the code does."""
    sign_in_without_code(alice, app_of_alice)
    sessions = Session.objects.filter(user=alice, factor="remembered")

    with pytest.raises(IntegrityError):
        sessions.update(proved_at=timezone.now())
