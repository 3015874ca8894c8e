"""Sessions: their keys, their cookies, and when they end."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Session, User
from accounts.sessions.store import SessionStore, hash_of
from tests.support.people import PASSWORD, post_password, sign_in, start_enrolment
from tests.support.two_factor import (
    CHALLENGE,
    ENDED,
    HOME,
    SUDO,
    act,
    answer,
    is_out,
    is_signed_in,
    key_of,
    pending,
    with_key,
)

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = 60
FOURTEEN_DAYS = 20160 * MINUTE


# ---------------------------------------------------------------- keys


def test_se_01_an_attackers_key_is_replaced_and_stays_nobodys(alice):
    planted = "a" * 43
    client = with_key(planted)

    post_password(client, alice)

    assert key_of(client) != planted
    assert is_signed_in(client, alice)
    assert is_out(with_key(planted))


def test_se_01_so_is_the_key_of_the_attackers_own_session(alice, mallory):
    planted = key_of(sign_in(mallory))
    client = with_key(planted)

    post_password(client, alice)

    assert is_signed_in(client, alice)
    assert is_out(with_key(planted))


def test_se_01_so_is_the_key_of_the_attackers_pending_login(alice, mallory, app_of_alice):
    planted = key_of(pending(alice))

    client = pending(alice, with_key(planted))
    answer(client, app_of_alice.fresh_code())

    assert is_signed_in(client, alice)
    assert with_key(planted).get(CHALLENGE)["Location"] == "/session"


def test_r9_the_key_changes_at_each_step_and_each_former_one_is_refused(alice, app_of_alice):
    client = pending(alice)
    keys = [key_of(client)]
    for step in [
        lambda: answer(client, app_of_alice.fresh_code()),
        lambda: answer(client, app_of_alice.fresh_code(), SUDO),
        lambda: act(client, "renew-codes"),
        lambda: act(client, "disable", password=PASSWORD),
    ]:
        step()
        keys.append(key_of(client))
    client.post("/session/logout")

    assert len(set(keys)) == 5
    assert [key for key in keys if not is_out(with_key(key))] == []


def test_r9_the_answer_to_a_former_key_leaves_the_cookie_alone(alice, app_of_alice):
    """Another tab of the same browser has just got the new key: a deletion would sign it out."""
    client = sign_in(alice, app_of_alice)
    former = key_of(client)
    answer(client, app_of_alice.fresh_code(), SUDO)
    old_tab = with_key(former)

    for response in (old_tab.get(HOME), act(old_tab, "reveal-codes")):
        assert "session" not in response.cookies
    assert is_signed_in(client, alice)


def test_se_12_five_hundred_keys_are_random(alice):
    keys = [SessionStore().next_key() for _ in range(480)]
    client = Client()
    for _ in range(20):  # and those in use are of the same make
        post_password(client, alice)
        keys.append(key_of(client))

    assert len(set(keys)) == 500
    for key in keys:
        assert re.fullmatch(r"[\w-]{43}", key)  # 256 bits
    for place in range(42):
        assert len({key[place] for key in keys}) > 50


def test_the_table_holds_hashes_of_keys_only(alice):
    key = key_of(sign_in(alice))

    [row] = Session.objects.values()

    assert key not in str(row)
    assert row["key_hash"] == hash_of(key)
    assert is_out(with_key(row["key_hash"]))


def cookies_that_are_none(key):
    return {
        "one character less": key[:-1],
        "one character changed": ("B" if key[0] == "A" else "A") + key[1:],
        "other case": key.swapcase(),
        "nul": f"{key}\\000",
        "8 KiB": "a" * 8192,
        "quotes": "' OR '1'='1",
        "double quotes": '"; DROP TABLE accounts_session; --',
        "per cent": "%s%n%00",
        "latin-1": "\xff\xfe",
        "empty": "",
        "semicolons": ";;;=",
        "dictionary": "{'user': 1}",
    }


def test_se_07_malformed_keys_are_nobodys(alice):
    key = key_of(sign_in(alice))

    for name, value in cookies_that_are_none(key).items():
        client = Client(HTTP_COOKIE=f"session={value}", raise_request_exception=False)
        for response in (client.get(HOME), client.post(f"{HOME}/reveal-codes"), client.get(CHALLENGE)):
            assert response.status_code == 302, name
            assert response["Location"].startswith("/session"), name
    assert is_signed_in(with_key(key), alice)


# ---------------------------------------------------------------- when they end


def test_se_02_a_session_ends_after_fourteen_days(clock, alice):
    idle = sign_in(alice)
    clock.shift(FOURTEEN_DAYS - 1)
    assert is_signed_in(idle, alice)

    clock.shift(1)

    assert is_out(idle)
    assert idle.get(HOME)["Location"].startswith("/session?")


def test_se_02_using_it_does_not_prolong_it(clock, alice):
    client = sign_in(alice)
    for _ in range(13):
        clock.shift(FOURTEEN_DAYS / 14)
        assert is_signed_in(client, alice)

    clock.shift(FOURTEEN_DAYS / 14)

    assert is_out(client)


def test_se_02_time_without_use_ends_it_before_its_time(clock, alice):
    client, row = sign_in(alice), Session.objects.filter(user=alice)
    day = timedelta(days=1)
    for last_used, alive in [(14 * day - timedelta(seconds=1), True), (14 * day, False)]:
        # Stands for a session whose whole time is longer than the time without use.
        row.update(last_used_at=timezone.now() - last_used, expires_at=timezone.now() + day)
        assert is_signed_in(client, alice) == alive


def test_se_02_the_last_use_is_written_once_a_minute_at_most(clock, alice):
    client = sign_in(alice)
    written = []
    for seconds in (0, 30, 29, 1, 59, 1):
        clock.shift(seconds)
        with CaptureQueriesContext(connection) as queries:
            client.get(HOME)
        written.append(sum(query["sql"].startswith("UPDATE") for query in queries))

    assert written == [0, 0, 0, 1, 0, 1]


def test_se_02_a_session_from_the_future_is_none(clock, alice):
    client = sign_in(alice)

    clock.shift(-2 * MINUTE)

    assert is_out(client)


def test_se_03_signing_out_ends_it_on_the_server(alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    key = key_of(client)

    assert client.post("/session/logout")["Location"] == "/session"

    assert client.cookies["session"].value == ""
    assert is_out(with_key(key))
    assert not Session.objects.filter(key_hash=hash_of(key)).exists()


def test_se_03_signing_out_leaves_the_other_browser_alone(alice, app_of_alice):
    here, there = sign_in(alice, app_of_alice), sign_in(alice, app_of_alice)

    here.post("/session/logout")

    assert is_signed_in(there, alice)


@pytest.mark.parametrize(("method", "status"), [("get", 303), ("head", 303), ("options", 405), ("put", 405)])
def test_r52_only_a_post_signs_out(alice, method, status):
    client = sign_in(alice)

    assert getattr(client, method)("/session/logout").status_code == status
    assert is_signed_in(client, alice)


def test_se_08_a_pending_login_and_its_cookie_live_ten_minutes(alice, app_of_alice):
    client = pending(alice)

    assert client.cookies["session"]["max-age"] == 600
    row = Session.objects.get(pending_user=alice)
    assert (row.expires_at - row.created_at).total_seconds() == 600
    answer(client, app_of_alice.fresh_code())
    assert client.cookies["session"]["max-age"] == FOURTEEN_DAYS


def test_se_09_deactivation_ends_every_session_at_once(alice, app_of_alice):
    browsers = [sign_in(alice, app_of_alice), sign_in(alice, app_of_alice), pending(alice)]

    User.objects.filter(pk=alice.pk).update(is_active=False)

    assert [is_out(browser) for browser in browsers] == [True] * 3
    assert answer(browsers[2], app_of_alice.fresh_code())["Location"] == "/session"
    assert post_password(Client(), alice).status_code == 422


def test_se_09_deletion_ends_every_session_at_once(alice, app_of_alice):
    here, there, waiting = sign_in(alice, app_of_alice), sign_in(alice, app_of_alice), pending(alice)

    here.post("/app/settings/profile/delete", {"password": PASSWORD})

    assert [is_out(browser) for browser in (here, there, waiting)] == [True] * 3
    assert not User.objects.exists()
    assert not Session.objects.exists()


def test_se_11_what_another_tab_sends_after_signing_out_does_nothing(alice, app_of_alice):
    client = sign_in(alice, app_of_alice)
    tab = with_key(key_of(client))
    client.post("/session/logout")

    for action in ["enable", "confirm", "cancel", "app/replace", "reveal-codes", "renew-codes", "disable"]:
        response = act(tab, action, method="app", password=PASSWORD, code=app_of_alice.fresh_code())
        assert response["Location"].startswith("/session?next="), action
    alice.refresh_from_db()
    assert alice.is_enrolled


def test_se_11_a_step_under_a_former_key_says_so(alice, app_of_alice):
    client = pending(alice)
    tab = with_key(key_of(client))
    answer(client, app_of_alice.fresh_code())

    response = answer(tab, app_of_alice.fresh_code())

    assert response["Location"] == "/session"
    assert ENDED in tab.get("/session").content.decode()


def test_signing_out_twice_is_harmless(alice):
    client = sign_in(alice)

    assert [client.post("/session/logout").status_code for _ in range(2)] == [302, 302]
    assert Client().post("/session/logout")["Location"] == "/session"


def test_what_is_being_set_up_belongs_to_one_session(alice):
    here, there = sign_in(alice), sign_in(alice)
    start_enrolment(here)

    assert there.get(f"{HOME}/confirm")["Location"] == HOME


# ---------------------------------------------------------------- cookies


def test_se_06_cookies_over_https_are_host_bound_secure_and_hidden_from_scripts(start_site, alice):
    site = start_site(HTTPS="1", TRUSTED_PROXIES="127.0.0.1", workers=1)
    visitor = site.visitor()
    visitor.base_url = site.url.replace("http:", "https:")  # as the browser sees it; the proxy speaks HTTP
    page = visitor.get("/session", X_Forwarded_Proto="https")
    fields = {**page.form().fields, "username": "alice", "password": PASSWORD}
    forwarded = {"X_Forwarded_Proto": "https", "Referer": f"{visitor.base_url}/session"}
    reply = visitor.post("/session", fields, **forwarded)

    assert reply.status == 302
    cookies = page.cookies | reply.cookies
    assert set(cookies) == {"__Host-csrf", "__Host-session", "__Host-known-browser"}
    for cookie in cookies.values():
        assert (cookie["secure"], cookie["httponly"]) == (True, True)
        assert (cookie["samesite"], cookie["path"], cookie["domain"]) == ("Lax", "/", "")
    assert reply.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_se_06_nobody_but_the_proxy_says_that_it_is_https(start_site, db):
    site = start_site(HTTPS="1", workers=1)

    reply = site.visitor().get("/session", X_Forwarded_Proto="https")

    assert reply.status == 301
    assert reply.headers["Location"].startswith("https://")


def test_r49_cookies_without_https_are_hidden_from_scripts_too(alice):
    client = sign_in(alice)
    client.get(HOME)

    cookies = client.cookies
    for name in ("session", "csrf", "known-browser"):
        assert cookies[name]["httponly"]
        assert (cookies[name]["samesite"], cookies[name]["path"], cookies[name]["domain"]) == ("Lax", "/", "")


@pytest.mark.parametrize("path", ["/session", "/account/new", "/account/password/forgot", "/docs"])
def test_who_only_looks_gets_no_session(db, path):
    response = Client().get(path)

    assert "session" not in response.cookies
    assert Session.objects.count() == 0
