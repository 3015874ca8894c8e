"""New accounts, and proving who an address belongs to."""

from random import Random
from string import ascii_letters

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, Session, User
from tests.support.mails import link_in, subjects
from tests.support.people import PASSWORD, make_user, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

CONFIRM = "/account/confirm"


def sign_up(username="alice", email="alice@example.com", client=None, **fields):
    client = client or Client()
    data = {"username": username, "email": email, "password": PASSWORD, **fields}
    return client, client.post("/account/new", data)


def open_link(client, mail):
    response = client.get(link_in(mail, f"{CONFIRM}/"))
    assert response["Location"] == CONFIRM
    return client.get(CONFIRM)


def confirm(client, mail):
    open_link(client, mail)
    return client.post(CONFIRM)


# ---------------------------------------------------------------- signing up


def test_signs_in_with_an_address_that_is_still_to_be_confirmed(mailoutbox):
    client, response = sign_up()

    assert (response.status_code, response["Location"]) == (302, CONFIRM)
    assert client.get("/app/settings/profile").status_code == 200
    assert not User.objects.get().email_confirmed
    assert subjects(mailoutbox, "alice@example.com") == ["Confirm your email address"]


def test_the_password_is_kept_as_typed():
    sign_up(password="  spaces, Ünïcödé and 漢字 count  ")

    assert User.objects.get().check_password("  spaces, Ünïcödé and 漢字 count  ")


@pytest.mark.parametrize(
    "username",
    [
        "",
        " ",
        "alice@example.com",
        "al ice",
        "ａｌｉｃｅ",
        "alicе",
        "ali\u0301ce",
        "x" * 41,
        "x\x00y",
        "<img>",
        "é",
    ],
)
def test_refuses_what_is_no_user_name(username):
    _client, response = sign_up(username)

    assert response.status_code == 422
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "email",
    [
        "",
        "alice",
        "a@x\nBcc: b@example.com",
        "alicé@example.com",
        "alice@i❤.com",
        "ſam@example.com",
        "a" * 300 + "@x.org",
    ],
)
def test_refuses_what_is_no_address(email):
    _client, response = sign_up(email=email)

    assert response.status_code == 422
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "password",
    [
        "fourteen chars",
        "x" * 1025,
        "1q2w3e4r5t6y7u8i9o0p",
        "alice-alice-alice",
        "alice@example.com",
        "TFC Auth tfc auth",
    ],
)
def test_r1_r2_refuses_weak_passwords(password):
    _client, response = sign_up(password=password)

    assert response.status_code == 422
    assert "password" in response.context["form"].errors
    assert not User.objects.exists()


@pytest.mark.parametrize(("length", "status"), [(1024, 302), (1025, 422)])
def test_tf4_r1_1024_characters_are_good_and_one_more_is_too_long(length, status):
    password = "".join(Random(1).choices(ascii_letters, k=length))

    _client, response = sign_up(password=password)

    assert response.status_code == status


def test_a_name_is_taken_whatever_its_case():
    make_user("Alice", email="other@example.com")

    _client, response = sign_up("alice")

    assert response.status_code == 422
    assert response.context["form"].errors["username"] == ["That username is taken. Choose another one."]
    assert User.objects.count() == 1


def test_ti_03_a_known_address_gets_the_same_answer_and_its_owner_a_mail(mailoutbox):
    make_user("owner", email="Owner@example.com")

    _client, known = sign_up("mallory", "owner@example.com")
    _client, unknown = sign_up("carol", "carol@example.com")

    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert known.headers.keys() == unknown.headers.keys()
    assert subjects(mailoutbox, "Owner@example.com") == ["Somebody tried to use your email address"]
    assert subjects(mailoutbox, "owner@example.com") == []


def test_sign_up_can_be_closed(settings):
    settings.SIGN_UP = "closed"

    client, response = sign_up()

    assert response.status_code == 422
    assert not User.objects.exists()
    assert b"<button" not in client.get("/account/new").content


def test_sign_ups_from_one_address_are_limited():
    statuses = [sign_up(f"user{n}", f"user{n}@example.com")[1].status_code for n in range(21)]

    assert statuses == [302] * 20 + [429]


def test_next_leads_on_and_only_on_this_site():
    _client, response = sign_up(next="/app/settings/organizations")
    assert response["Location"] == "/app/settings/organizations"

    _client, response = sign_up("bob", "bob@example.com", next="//evil.example/")
    assert response["Location"] == CONFIRM


# ---------------------------------------------------------------- confirming


def test_the_link_and_a_click_confirm_the_address(mailoutbox):
    client, _response = sign_up()

    response = confirm(client, mailoutbox[-1])

    assert response.status_code == 302
    assert User.objects.get().email_confirmed
    assert AuditEvent.objects.filter(event="email.confirmed").count() == 1


def test_pr_08_the_token_goes_into_a_cookie_for_that_page_only(mailoutbox):
    client, _response = sign_up()

    response = client.get(link_in(mailoutbox[-1], f"{CONFIRM}/"))

    cookie = response.cookies["confirm-email"]
    assert response["Location"] == CONFIRM
    assert response["Referrer-Policy"] == "no-referrer"
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (CONFIRM, True, "Lax")


def test_opening_the_link_writes_nothing(mailoutbox):
    client, _response = sign_up()
    before = AuditEvent.objects.count()

    page = open_link(client, mailoutbox[-1])

    assert page.status_code == 200
    assert not User.objects.get().email_confirmed
    assert AuditEvent.objects.count() == before


def test_the_link_works_once(mailoutbox):
    client, _response = sign_up()
    confirm(client, mailoutbox[-1])
    confirmed_at = User.objects.get().email_confirmed_at

    response = confirm(client, mailoutbox[-1])

    assert response["Location"] == "/app/settings/profile"
    assert (
        b"Your email address alice@example.com is already confirmed."
        in client.get("/app/settings/profile").content
    )
    assert User.objects.get().email_confirmed_at == confirmed_at
    assert AuditEvent.objects.filter(event="email.confirmed").count() == 1


def test_the_link_is_too_old_after_a_day(mailoutbox):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client, _response = sign_up()
        clock.shift(24 * 3600 + 1)

        assert b"That link is too old" in open_link(client, mailoutbox[-1]).content
        assert client.post(CONFIRM).status_code == 422
    assert not User.objects.get().email_confirmed


def test_signed_out_it_asks_to_sign_in_first_and_then_goes_on(mailoutbox):
    sign_up()
    elsewhere = Client()

    elsewhere.get(link_in(mailoutbox[-1], f"{CONFIRM}/"))
    response = elsewhere.post(CONFIRM)
    assert response["Location"] == f"/session?next={CONFIRM}"
    sign_in(User.objects.get(), client=elsewhere)

    assert elsewhere.post(CONFIRM).status_code == 302
    assert User.objects.get().email_confirmed


def test_a_link_is_no_good_in_another_account(mailoutbox, mallory):
    sign_up()

    response = confirm(sign_in(mallory), mailoutbox[0])

    assert response.status_code == 422
    assert not User.objects.get(username="alice").email_confirmed


@pytest.mark.parametrize("token", ["x", "1.2.3", "0" * 199, "é", "x" * 5000, "١.x.y"])
def test_made_up_links_confirm_nothing(token):
    client, _response = sign_up()

    assert client.get(f"{CONFIRM}/{token}").status_code == 302
    assert client.post(CONFIRM).status_code == 422
    assert not User.objects.get().email_confirmed


def test_an_unconfirmed_address_reserves_nothing(mailoutbox):
    first, _response = sign_up("squatter", "shared@example.com")
    second, _response = sign_up("owner", "shared@example.com")
    to_first, to_second = mailoutbox

    assert confirm(second, to_second).status_code == 302
    response = confirm(first, to_first)

    assert response.status_code == 422
    assert b"belongs to another account" in response.content
    assert not User.objects.get(username="squatter").email_confirmed


# ---------------------------------------------------------------- again, and elsewhere


def test_sends_the_mail_again_once_a_minute(mailoutbox):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client, _response = sign_up()
        statuses = [client.post(f"{CONFIRM}/resend").status_code for _ in range(2)]
        clock.shift(61)
        statuses.append(client.post(f"{CONFIRM}/resend").status_code)

    assert statuses == [302, 429, 302]
    assert len(mailoutbox) == 3


def test_writes_to_one_address_five_times_a_day(mailoutbox):
    for number in range(6):
        sign_up(f"user{number}", "victim@example.com")

    assert len(mailoutbox) == 5


def test_sf6_an_address_that_strangers_have_written_to_all_day_still_gets_one_from_each_network(mailoutbox):
    def from_network(number):
        client = Client(REMOTE_ADDR=f"198.51.{number}.1")
        return sign_up(f"user{number}-{len(mailoutbox)}", "victim@example.com", client)[1].status_code

    for number in range(4):
        assert [from_network(number) for _ in range(6)] == [302] * 5 + [429]
    assert [from_network(9) for _ in range(2)] == [302, 429]
    assert [from_network(10) for _ in range(2)] == [302, 429]
    assert len(mailoutbox) == 22


def test_sf6_a_confirmation_that_got_lost_can_be_sent_again_after_an_hour_whatever_strangers_did(
    clock, mailoutbox
):
    for number in range(4):
        for _ in range(6):
            sign_up(f"user{len(mailoutbox)}", "me@example.com", Client(REMOTE_ADDR=f"198.51.{number}.1"))
    client = sign_up("me", "me@example.com", Client(REMOTE_ADDR="192.0.2.1"))[0]
    mailoutbox.clear()

    refused = client.post(f"{CONFIRM}/resend")
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) <= 3600
    for _ in range(4):
        clock.shift(3601)
        assert client.post(f"{CONFIRM}/resend").status_code == 302
    clock.shift(3601)
    assert client.post(f"{CONFIRM}/resend").status_code == 429  # five in a day, as below the ceiling
    assert len(mailoutbox) == 4


def test_corrects_the_address_and_voids_the_former_link(mailoutbox):
    client, _response = sign_up(email="tyop@example.com")

    response = client.post(f"{CONFIRM}/correct", {"email": "alice@example.com"})
    assert response["Location"] == CONFIRM
    wrong, right = mailoutbox

    assert confirm(client, wrong).status_code == 422
    assert confirm(client, right).status_code == 302
    assert User.objects.get().email == "alice@example.com"


def test_a_confirmed_address_is_not_corrected_but_changed(alice):
    client = sign_in(alice)

    response = client.post(f"{CONFIRM}/correct", {"email": "new@example.com"})

    assert response["Location"] == "/app/settings/profile"
    alice.refresh_from_db()
    assert (alice.email, alice.unconfirmed_email) == ("alice@example.com", "")


def test_a_session_that_ended_can_sign_up_again():
    client, _response = sign_up()
    Session.objects.all().delete()

    _client, response = sign_up("bob", "bob@example.com", client)

    assert response.status_code == 302


def sign_up_at(address, number, email):
    fields = {"username": f"new{number}", "email": email, "password": PASSWORD}
    return Client(REMOTE_ADDR=address).post("/account/new", fields).status_code


def test_sf5_one_mailbox_gets_twenty_mails_and_one_more_for_each_network_whatever_follows_a_plus(
    db, settings, mailoutbox
):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    from_one = [sign_up_at("198.51.100.1", n, f"Victim+{n}@Example.com") for n in range(20)]
    from_others = [
        sign_up_at(f"203.0.{n // 2}.1", 100 + n, f"victim+other{n}@example.com") for n in range(10)
    ]
    neighbour = sign_up_at("198.51.100.1", 200, "neighbour@example.com")

    assert from_one == [302] * 20
    assert from_others == [302, 429] * 5
    assert len(mailoutbox) == 25
    assert neighbour == 429  # of twenty accounts an hour
    assert sign_up_at("198.51.100.2", 201, "neighbour@example.com") == 302
    assert sign_up_at("198.51.100.2", 202, "+victim@example.com") == 302
