"""Passwords in any Unicode form: PF1, D44, NIST SP 800-63B-4 (3.1.1.2)."""

import unicodedata
from io import StringIO

import pytest
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.test import Client

from accounts.models import AuditEvent, RateLimit, User
from tests.accounts.users.reset_links import change, forgot, reset
from tests.api.clients import api_client, document
from tests.support.mails import link_in
from tests.support.people import PASSWORD, TWO_FACTOR, enrol, make_user, post_password, sign_in
from tests.support.two_factor import SUDO

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "Kühe und Äpfel ﬁnden ½ Ångström im Bad"
COMPOSED, DECOMPOSED = unicodedata.normalize("NFC", SECRET), unicodedata.normalize("NFD", SECRET)
NORMAL = unicodedata.normalize("NFKC", SECRET)
FORMS = [COMPOSED, DECOMPOSED, NORMAL, unicodedata.normalize("NFKD", SECRET)]
EXPANDING = "\ufdfa"  # 18 characters in NFKC


def as_of_old(user, typed):
    """Store the hash of what was typed, as this product did before it knew a normal form."""
    User.objects.filter(pk=user.pk).update(password=make_password(typed))


def lets_in(user, password):
    return post_password(Client(), user, password).status_code == 302


def test_pf1_a_password_is_the_same_in_every_unicode_form(alice, mailoutbox):
    for set_in, others in ((form, FORMS) for form in FORMS):
        assert change(sign_in(alice), PASSWORD, set_in).status_code == 302
        assert [form for form in others if not lets_in(alice, form)] == []
        User.objects.filter(pk=alice.pk).update(password=make_password(PASSWORD))


@pytest.mark.parametrize("form", FORMS)
def test_pf1_old_hashes_are_of_what_was_typed(alice, form):
    as_of_old(alice, form)

    assert lets_in(alice, form)


def test_pf1_an_old_hash_is_replaced_by_that_of_the_normal_form_and_sessions_stay(alice):
    as_of_old(alice, DECOMPOSED)
    client = Client()
    assert post_password(client, alice, DECOMPOSED).status_code == 302

    assert [form for form in FORMS if not lets_in(alice, form)] == []
    assert client.get("/app/settings/password").status_code == 200


def test_pf1_whoever_signs_in_with_an_old_hash_takes_no_link_away(alice, mailoutbox):
    as_of_old(alice, DECOMPOSED)
    forgot()
    assert lets_in(alice, DECOMPOSED)

    assert reset(mailoutbox[0], NORMAL)["Location"] == "/session"
    assert lets_in(alice, COMPOSED)
    assert reset(mailoutbox[0], COMPOSED).status_code == 422


def test_pf1_an_old_hash_opens_for_nothing_but_what_was_typed(alice):
    as_of_old(alice, DECOMPOSED)

    assert [form for form in (COMPOSED, NORMAL) if lets_in(alice, form)] == []


def test_pf1_case_and_blanks_still_count(alice):
    set_to = f" {NORMAL}  x"
    assert change(sign_in(alice), PASSWORD, set_to).status_code == 302

    for other in (
        set_to.strip(),
        set_to.casefold(),
        f"{set_to}\n",
        set_to.replace("ü", "u"),
        f"{set_to}\u200b",
    ):
        assert not lets_in(alice, other), other
    assert lets_in(alice, set_to)


def test_pf1_every_door_takes_every_form(alice, mailoutbox):
    assert change(sign_in(alice), PASSWORD, COMPOSED).status_code == 302
    client = Client()
    post_password(client, alice, DECOMPOSED)

    assert client.post(SUDO, {"password": DECOMPOSED, "next": "/app"})["Location"] == "/app"
    assert change(client, DECOMPOSED, PASSWORD).status_code == 302
    forgot()
    assert reset(mailoutbox[-1], DECOMPOSED).status_code == 302
    assert lets_in(alice, COMPOSED)


def test_pf1_disabling_and_deleting_take_every_form(alice):
    app, client = enrol(alice), sign_in(alice)
    User.objects.filter(pk=alice.pk).update(password=make_password(NORMAL))
    post_password(client, alice, DECOMPOSED)
    client.post("/session/two-factor", {"code": app.fresh_code()})

    assert client.post(f"{TWO_FACTOR}/disable", {"password": DECOMPOSED}).status_code == 302
    alice.refresh_from_db()
    assert not alice.is_enrolled
    client.post("/app/settings/profile/delete", {"password": DECOMPOSED})
    assert not User.objects.filter(pk=alice.pk).exists()


def test_pf1_over_the_api(alice):
    as_of_old(alice, DECOMPOSED)
    sent = {"current_password": DECOMPOSED, "password": COMPOSED, "password_confirmation": DECOMPOSED}

    response = api_client(alice).patch("/account/password", document("users", **sent))

    assert response.status_code == 200, response.content
    assert lets_in(alice, NORMAL)


def test_pf1_commands_hash_the_normal_form(alice, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", DECOMPOSED)

    call_command("changepassword", "alice", "--noinput", stdout=StringIO())
    options = {"username": "root", "email": "root@example.com"}
    call_command("createsuperuser", "--noinput", stdout=StringIO(), **options)

    assert lets_in(alice, COMPOSED)
    assert lets_in(User.objects.get(username="root"), NORMAL)


def test_pf1_signing_up_and_scripts_hash_the_normal_form():
    data = {"username": "erika", "email": "erika@example.com", "password": DECOMPOSED}
    Client().post("/account/new", data)
    made = User.objects.create_user("max", "max@example.com", DECOMPOSED)

    for user in (User.objects.get(username="erika"), made):
        assert lets_in(user, COMPOSED)
        assert user.check_password(DECOMPOSED)


# ---------------------------------------------------------------- what it costs, and tells


def test_pf1_a_second_hash_exactly_if_it_is_typed_in_another_form_whoever_it_is(hashes):
    for name, fields in {"right": {}, "wrong": {}, "inactive": {"is_active": False}}.items():
        make_user(name, **fields)
    User.objects.exclude(username="wrong").update(password=make_password(NORMAL))
    counted = {}

    for typed, expected in ((DECOMPOSED, 2), (NORMAL, 1), (PASSWORD + "!", 1)):
        for name in ("right", "wrong", "inactive", "unknown", "unknown@example.com"):
            RateLimit.objects.all().delete()
            hashes()
            Client().post("/session", {"username": name, "password": typed})
            counted[name, typed] = hashes(), expected

    assert [what for what, (count, expected) in counted.items() if count != expected] == []


def test_pf1_one_attempt_is_counted_whichever_form_was_typed(alice):
    for _ in range(10):
        assert post_password(Client(), alice, DECOMPOSED).status_code == 422

    assert post_password(Client(), alice).status_code == 429
    assert AuditEvent.objects.filter(event="login.failed").count() == 10


# ---------------------------------------------------------------- lengths


def test_pf1_lengths_are_checked_as_typed_and_in_normal_form(alice):
    client = sign_in(alice)
    refused = {
        "15 of 8 letters": unicodedata.normalize("NFD", "äöüéàèñç"),
        "one that becomes 18": EXPANDING,
        "too long in normal form": "korrekt pferd batterie " + EXPANDING * 57,
        "too long as typed": "ä" * 1025,
    }

    for name, password in refused.items():
        assert change(client, PASSWORD, password).status_code == 422, name
    assert lets_in(alice, PASSWORD)


def test_pf1_what_is_too_long_in_normal_form_is_refused_before_hashing(hashes):
    alice = make_user("alice")
    hashes()

    response = post_password(Client(), alice, EXPANDING * 1000)

    assert response.status_code == 422
    assert hashes() == 0
    assert not AuditEvent.objects.filter(event="login.failed").exists()


def test_pf1_1024_characters_in_normal_form_are_good(alice, mailoutbox):
    words = "korrekt pferd batterie heftklammer "
    typed = words + "".join(chr(0x4E00 + n * 7) for n in range(1024 - len(words)))
    forgot()
    client = Client()
    client.get(link_in(mailoutbox[-1], "/account/password/reset/"))

    assert client.post("/account/password/reset", {"new_password": typed}).status_code == 302
    assert lets_in(alice, typed)


def test_pf1_a_weak_password_is_weak_in_every_form(alice):
    client = sign_in(alice)
    for weak in ("ｐａｓｓｗｏｒｄｐａｓｓｗｏｒｄ", "𝐚𝐥𝐢𝐜𝐞@𝐞𝐱𝐚𝐦𝐩𝐥𝐞.𝐜𝐨𝐦1", "１２３４５６７８９０１２３４５"):
        assert change(client, PASSWORD, weak).status_code == 422, weak
