"""The method behind sessions, remembered browsers and tokens (D45): by each way in, and what changes it."""

import pytest
from django.db import connection
from django.test import Client

from accounts import factors
from accounts.models import ApiToken, RememberedBrowser, Session, User
from tests.accounts.factors.sms.conftest import newest_code, start_phone, time_passes
from tests.accounts.sessions.methods import (
    SECOND_FACTORS,
    SESSIONS,
    TOKENS,
    give,
    is_done,
    log_in,
    log_in_remembered,
    remembered_with,
    session_of,
)
from tests.support.crawler import undone
from tests.support.people import PASSWORD, enrol, key_on, make_user, post_password, sign_in
from tests.support.two_factor import CHALLENGE, SUDO, act, let_sudo_expire, pending

NEW_PASSWORD = "an entirely different sentence"


# ---------------------------------------------------------------- ways in


@pytest.mark.parametrize("slug", SECOND_FACTORS)
def test_d45_a_session_has_the_method_that_verified_it(owner, slug):
    log_in(*owner, slug)

    session = session_of(owner[0])
    assert (session.method, session.factor, session.remembered_method) == (slug, slug, "")
    assert session.verified_at == session.proved_at is not None


def test_d45_without_two_factor_it_is_the_password_only(db):
    bob = make_user("bob")
    sign_in(bob)
    Client().post("/account/new", {"username": "new", "email": "new@example.com", "password": PASSWORD})

    assert [session.method for session in Session.objects.order_by("pk")] == ["password"] * 2


def test_d45_a_pending_login_has_none_yet(owner):
    pending(owner[0])

    assert Session.objects.get(pending_user=owner[0]).method == "password"


@pytest.mark.parametrize("slug", SECOND_FACTORS)
def test_d45_a_remembered_browser_has_the_method_of_its_sign_in_and_its_sessions_take_that_over(owner, slug):
    user, _app = owner
    log_in_remembered(*owner, slug)

    session = session_of(user)
    assert RememberedBrowser.objects.get(user=user).method == slug
    assert (session.method, session.factor) == (slug, "remembered")
    assert session.verified_at is not None
    assert session.proved_at is None  # not proved afresh


def test_d45_a_browser_is_known_by_its_own_method_not_by_another_ones(owner):
    user, _app = owner
    by_text, by_app = remembered_with(*owner, "sms"), remembered_with(*owner, "app")

    for client, slug in [(by_text, "sms"), (by_app, "app"), (by_text, "sms")]:
        post_password(client, user)
        assert session_of(user).method == slug
        client.post("/session/logout")


def test_d45_a_wrong_answer_of_a_better_method_changes_nothing(owner):
    user, app = owner
    client = log_in(*owner, "sms")
    let_sudo_expire(user)

    assert client.post(SUDO, {"code": app.wrong_code(), "factor": "app"}).status_code == 422
    assert session_of(user).method == "sms"


def test_d45_the_form_does_not_say_which_method_it_was(owner):
    """It says which one to ask; what did not verify the answer is never written."""
    user, app = owner
    client = pending(user)

    assert client.post(CHALLENGE, {"code": app.fresh_code(), "factor": "sms"}).status_code == 422
    fields = {"method": "sms", "remember": "on", "remembered_method": "sms"}
    assert client.post(CHALLENGE, {"code": app.fresh_code(), **fields}).status_code == 302

    assert session_of(user).method == "app"
    assert RememberedBrowser.objects.get(user=user).method == "app"


# ---------------------------------------------------------------- what happens in a session


def change_password(client, user, app):
    form = {"password": PASSWORD, "new_password": NEW_PASSWORD}
    is_done(client.post("/app/settings/password", form))
    assert User.objects.get(pk=user.pk).check_password(NEW_PASSWORD)


def renew_codes(client, user, app):
    is_done(act(client, "renew-codes"))


def reveal_codes(client, user, app):
    is_done(act(client, "reveal-codes"))


def look_around(client, user, app):
    for page in ["/app", SESSIONS, TOKENS]:
        assert client.get(page).status_code == 200


def end_others(client, user, app):
    is_done(client.post(f"{SESSIONS}/end-others"))


def remove_phone(client, user, app):
    is_done(act(client, "sms/remove"))
    assert factors.get("sms").device_of(user) is None


def remove_app(client, user, app):
    is_done(act(client, "app/remove"))
    assert factors.get("app").device_of(user) is None


def replace_app(client, user, app):
    is_done(act(client, "app/replace"))
    app.key = key_on(client.get("/app/settings/two-factor/confirm"))
    is_done(act(client, "confirm", code=app.code()))


def replace_phone(client, user, app):
    response = client.post("/app/settings/two-factor/sms/replace", {"phone_number": "+12025550144"})
    is_done(response)
    is_done(act(client, "confirm", code=newest_code()))


def disable(client, user, app):
    is_done(act(client, "disable", password=PASSWORD))
    assert not User.objects.get(pk=user.pk).is_enrolled


def sudo_by(slug):
    def prove(client, user, app):
        let_sudo_expire(user)
        give(client, SUDO, slug, app)

    prove.__name__ = f"sudo_by_{slug}"
    return prove


# By what is done: the method afterwards; None if it stays what it was.
DOORS = {
    look_around: None,
    end_others: None,
    change_password: None,
    renew_codes: None,
    reveal_codes: None,
    remove_phone: None,
    remove_app: None,
    replace_app: "app",
    replace_phone: "sms",
    disable: "password",
    **{sudo_by(slug): slug for slug in SECOND_FACTORS},
}


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
@pytest.mark.parametrize("slug", SECOND_FACTORS)
def test_d45_the_last_complete_proof_is_the_method_and_nothing_else_changes_it(owner, slug, door):
    user, app = owner
    client = log_in(user, app, slug)
    pk, expected = session_of(user).pk, DOORS[door] or slug

    time_passes()
    door(client, user, app)

    session = session_of(user)
    assert (session.pk, session.method) == (pk, expected)
    assert session.factor == ("" if expected == "password" else expected)


@pytest.mark.parametrize("then", SECOND_FACTORS)
@pytest.mark.parametrize("slug", SECOND_FACTORS)
def test_d45_sudo_makes_a_remembered_session_one_of_its_own_method(owner, slug, then):
    user, app = owner
    client = log_in_remembered(user, app, slug)

    assert client.post(f"{TOKENS}/create", {"description": "x", "expires": "30"})["Location"].startswith(SUDO)
    assert (session_of(user).method, ApiToken.objects.count()) == (slug, 0)
    give(client, SUDO, then, app)

    session = session_of(user)
    assert (session.method, session.factor, session.remembered_method) == (then, then, "")
    assert RememberedBrowser.objects.get(user=user).method == slug


def test_d45_the_password_given_for_sudo_is_no_second_factor(db):
    bob = make_user("bob")
    client = sign_in(bob)
    let_sudo_expire(bob)

    assert client.post(SUDO, {"password": PASSWORD}).status_code == 302
    assert session_of(bob).method == "password"


def test_d45_the_session_that_confirms_a_method_was_proved_by_it(db):
    bob, carol = make_user("bob"), make_user("carol")
    enrol(bob, sign_in(bob))
    phone = sign_in(carol)
    start_phone(phone)
    is_done(act(phone, "confirm", code=newest_code()))

    assert (session_of(bob).method, session_of(carol).method) == ("app", "sms")


def test_d45_the_method_and_what_proved_it_are_written_together(owner):
    """Whatever fails in between, no session has a method whose answer was not consumed, or the other way."""
    user, app = owner
    client = pending(user)
    code = app.fresh_code()
    vendor = connection.vendor
    name = "CREATE TRIGGER refuse BEFORE UPDATE ON accounts_session"
    stop = {
        "sqlite": [f"{name} BEGIN SELECT RAISE(ABORT, 'no'); END"],
        "postgresql": [
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END'",
            f"{name} EXECUTE FUNCTION refuse()",
        ],
    }
    with undone(), connection.cursor() as cursor:
        for statement in stop[vendor]:
            cursor.execute(statement)
        client.raise_request_exception = False
        assert client.post(CHALLENGE, {"code": code}).status_code >= 500

    assert client.post(CHALLENGE, {"code": code}).status_code == 302
    assert session_of(user).method == "app"
