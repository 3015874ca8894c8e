"""Passwords: guessing them, forgetting them, changing them."""

import pytest
import time_machine
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from tests.accounts.users.reset_links import CHANGE, NEW, change, forgot, reset
from tests.support.mails import subjects
from tests.support.people import PASSWORD, enrol, make_user, post_password, sign_in
from tests.support.two_factor import same_browser, sudo_page

pytestmark = pytest.mark.django_db(transaction=True)


# ---------------------------------------------------------------- guessing


def test_lg_15_ten_wrong_passwords_close_the_account_for_everybody_and_for_five_minutes(alice):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        wrong = [post_password(Client(), alice, "wrong").status_code for _ in range(10)]
        elsewhere = Client(REMOTE_ADDR="198.51.100.7")
        refused = post_password(elsewhere, alice)
        clock.shift(301)
        later = post_password(Client(), alice)

    assert wrong == [422] * 10
    assert (refused.status_code, int(refused["Retry-After"])) == (429, 300)
    assert later.status_code == 302


def test_r4_one_address_can_try_ten_times_over_all_accounts():
    users = [make_user(f"user{n}") for n in range(11)]

    statuses = [post_password(Client(), user, "wrong").status_code for user in users]

    assert statuses == [422] * 10 + [429]


def test_lg_16_somebody_elses_success_resets_nothing(alice, bob):
    for _ in range(2):
        for _ in range(4):
            post_password(Client(), alice, "wrong")
        assert post_password(Client(), bob).status_code == 302
    for _ in range(2):
        post_password(Client(), alice, "wrong")

    assert post_password(Client(), alice).status_code == 429


def test_r4_success_gives_back_only_its_own_attempt(alice):
    for _ in range(9):
        post_password(Client(), alice, "wrong")

    assert post_password(Client(), alice).status_code == 302
    assert post_password(Client(), alice, "wrong").status_code == 422
    assert post_password(Client(), alice).status_code == 429


@pytest.mark.parametrize(
    "spelling", ["ALICE", "alice ", " Alice", "Alice@Example.com", "ali\u200bce", "\u00a0alice\u202c"]
)
def test_lg_18_another_spelling_is_the_same_account_with_the_same_counter(alice, spelling):
    for number in range(10):
        client = Client(REMOTE_ADDR=f"198.51.100.{number}")
        client.post("/session", {"username": spelling, "password": "wrong"})

    assert post_password(Client(), alice).status_code == 429


@pytest.mark.parametrize("spelling", ["ａｌｉｃｅ", "alicе", "ſalice", "al ice"])
def test_lg_18_look_alikes_are_no_account(alice, spelling):
    assert Client().post("/session", {"username": spelling, "password": PASSWORD}).status_code == 422


def test_ds_03_overlong_passwords_are_refused_before_hashing(alice):
    response = post_password(Client(), alice, "x" * 100_000)

    assert response.status_code == 422
    assert not AuditEvent.objects.filter(event="login.failed").exists()


def test_what_was_typed_as_a_user_name_is_recorded_nowhere(alice):
    Client().post("/session", {"username": PASSWORD, "password": "alice"})

    event = AuditEvent.objects.get(event="login.failed")
    assert PASSWORD not in repr(vars(event))


def test_r3_a_hash_of_old_is_upgraded_and_the_session_stays(settings, alice):
    client = sign_in(alice)
    settings.PASSWORD_HASHERS = ["accounts.users.hashers.Argon2Hasher", *settings.PASSWORD_HASHERS]

    sign_in(alice)

    alice.refresh_from_db()
    assert alice.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert client.get(CHANGE).status_code == 200


# ---------------------------------------------------------------- changing


def test_se_04_a_change_ends_other_sessions_and_keeps_this_one_under_a_new_key(alice, mailoutbox):
    here, there = sign_in(alice), sign_in(alice)
    former = here.cookies["session"].value

    assert change(here).status_code == 302

    assert here.cookies["session"].value != former
    assert here.get(CHANGE).status_code == 200
    assert there.get(CHANGE).status_code == 302
    assert subjects(mailoutbox, alice.email)[-1] == "Your password was changed"
    assert AuditEvent.objects.filter(event="password.changed").count() == 1


def test_lg_23_a_change_voids_a_pending_login(alice):
    app = enrol(alice)
    pending, here = Client(), sign_in(alice, app)
    post_password(pending, alice)

    assert change(here).status_code == 302

    assert pending.get("/session/two-factor")["Location"] == "/session"
    assert pending.post("/session/two-factor", {"code": app.fresh_code()})["Location"] == "/session"


@pytest.mark.parametrize(("old", "field"), [("wrong", "password"), (PASSWORD, "new_password")])
def test_a_refused_change_changes_nothing(alice, old, field):
    client = sign_in(alice)

    response = change(client, old, NEW if old == "wrong" else "short")

    assert response.status_code == 422
    assert field in response.context["form"].errors
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_r4_guessing_here_spends_the_budget_of_signing_in_with_this_browser(alice):
    client = sign_in(alice)
    statuses = [change(client, "wrong").status_code for _ in range(11)]

    assert statuses == [422] * 10 + [429]
    assert post_password(same_browser(client), alice).status_code == 429


def test_r21_changing_needs_a_recent_proof(alice):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = sign_in(alice)
        clock.shift(301)

        response = change(client)

    assert response["Location"] == sudo_page(CHANGE, CHANGE)
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_an_account_without_a_password_can_get_one_by_mail(alice, mailoutbox):
    User.objects.filter(pk=alice.pk).update(password=make_password(None))
    forgot()

    assert reset(mailoutbox[0]).status_code == 302
    assert post_password(Client(), alice, NEW).status_code == 302
