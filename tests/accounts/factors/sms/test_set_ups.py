"""Texts to numbers that may be somebody else's are few, and keep nobody from setting up their own (SF6)."""

import pytest
from django.test import Client

from accounts.factors.sms.backends.locmem import outbox
from accounts.factors.sms.models import SMSDevice
from accounts.models import RateLimit
from tests.accounts.factors.sms.conftest import E164, enrol_phone, newest_code, number, start_phone
from tests.support.people import CODES, TWO_FACTOR, make_user, post_password, sign_in

CONFIRM = f"{TWO_FACTOR}/confirm"
HERE = "127.0.0.1"


def browser_of(name, ip=HERE):
    return sign_in(make_user(name), client=Client(REMOTE_ADDR=ip))


def texts_to(number=E164):
    return sum(text.to == number for text in outbox)


def send_again_until_refused(client, clock, most=12):
    """Press "Send again" each time that a minute has passed; the number of texts that came."""
    before = len(outbox)
    for _ in range(most):
        clock.shift(61)
        already = len(outbox)
        client.post(f"{TWO_FACTOR}/resend")
        if len(outbox) == already:
            break
    return len(outbox) - before


def sets_up(client):
    """Whether the honest owner of the number has it set up by one text."""
    before = texts_to()
    start_phone(client)
    if texts_to() == before:
        return False
    return client.post(CONFIRM, {"code": newest_code()}).status_code in (200, 302)


@pytest.mark.parametrize("same_network", [True, False], ids=["their network", "another"])
def test_sf6_texts_to_a_number_by_a_stranger_keep_its_owner_from_nothing(alice, moving_clock, same_network):
    stranger = browser_of("mallory", HERE if same_network else "203.0.113.9")
    start_phone(stranger)
    send_again_until_refused(stranger, moving_clock)

    assert sets_up(sign_in(alice))


def test_sf6_sm_17_texts_by_a_crowd_while_the_attack_goes_on(alice, moving_clock):
    """Eighteen strangers from as many networks, who go on and on: the owner has the number at once."""
    crowd = [browser_of(f"stranger{n}", f"203.0.113.{n % 20}") for n in range(18)]
    for client in crowd:
        start_phone(client)
    for _ in range(3):
        moving_clock.shift(61)
        for client in crowd:
            client.post(f"{TWO_FACTOR}/resend")

    assert sets_up(sign_in(alice))


def test_sf6_texts_by_a_crowd_in_the_owners_own_network_hold_it_up_for_five_minutes_at_most(
    alice, moving_clock
):
    for n in range(7):
        start_phone(browser_of(f"stranger{n}"))
    moving_clock.shift(30)
    owner = sign_in(alice)
    start_phone(owner)
    before = len(outbox)
    moving_clock.shift(270)  # five minutes after the first of them

    owner.post(f"{TWO_FACTOR}/resend")

    assert len(outbox) == before + 1
    assert owner.post(CONFIRM, {"code": newest_code()})["Location"] == CODES


def test_sf6_texts_of_one_stranger_to_a_number_are_few(alice, moving_clock):
    client = sign_in(alice)
    start_phone(client)
    assert send_again_until_refused(client, moving_clock) == 1
    for _ in range(30):
        moving_clock.shift(3601)
        client.post("/session/sudo", {"password": "correct horse battery staple 42"})
        start_phone(client)

    assert texts_to() == 2 * 4  # 31 hours are two days


def test_sf6_further_texts_over_all_sources_are_few(transactional_db, moving_clock):
    crowd = [browser_of(f"stranger{n}", f"203.0.113.{n}") for n in range(9)]
    for client in crowd:
        start_phone(client)
    for _ in range(8):
        moving_clock.shift(61)
        for client in crowd:
            client.post(f"{TWO_FACTOR}/resend")

    assert texts_to() == len(crowd) + 4
    moving_clock.shift(61)
    start_phone(browser_of("newcomer", "203.0.113.99"))
    assert texts_to() == len(crowd) + 5


def log_in_by_text(user, client):
    already = len(outbox)
    post_password(client, user)
    assert len(outbox) == already + 1, client.get("/session/two-factor").content.decode()
    assert client.post("/session/two-factor", {"code": newest_code()}).status_code == 302


def test_sf6_texts_to_set_a_number_up_are_no_texts_of_its_owner(sam, moving_clock):
    crowd = [browser_of(f"stranger{n}", f"203.0.113.{n}") for n in range(12)]
    for client in crowd:
        start_phone(client)

    for _ in range(5):
        log_in_by_text(sam, Client())
        moving_clock.shift(61)
        for client in crowd[:2]:
            client.post(f"{TWO_FACTOR}/resend")
        moving_clock.shift(61)


def test_sf6_texts_of_several_owners_of_one_number_are_counted_together(sam, moving_clock):
    tom = make_user("tom")
    enrol_phone(tom)
    moving_clock.shift(61)
    RateLimit.objects.all().delete()
    outbox.clear()

    for n in range(8):
        post_password(Client(REMOTE_ADDR=f"198.51.100.{n}"), [sam, tom][n % 2])
        moving_clock.shift(61)

    assert texts_to() == 5


def use_up_network(ip=HERE):
    """Twenty texts that set numbers up, from one network."""
    for n in range(22):
        start_phone(browser_of(f"neighbour{n}", ip), number(n))
    assert len(outbox) == 20


def test_sf6_texts_that_neighbours_have_sent_to_set_up_leave_logins_alone(sam):
    use_up_network()

    log_in_by_text(sam, Client())


def test_sf6_texts_to_unknown_browsers_of_a_network_leave_known_browsers_alone(sam, moving_clock):
    known = Client()
    log_in_by_text(sam, known)
    known.post("/session/logout")
    moving_clock.shift(61)
    neighbours = [make_user(f"neighbour{n}") for n in range(5)]
    for n, user in enumerate(neighbours):
        enrol_phone(user, sign_in(user, client=Client(REMOTE_ADDR="198.51.100.7")))
        SMSDevice.objects.filter(user=user).update(number_digest=f"{n}")
    outbox.clear()
    for _ in range(4):
        for user in neighbours:
            RateLimit.objects.filter(key__startswith="text:number:").delete()
            post_password(Client(), user)
        moving_clock.shift(61)
    assert len(outbox) == 20
    RateLimit.objects.filter(key__startswith="text:number:").delete()

    post_password(Client(), sam)
    assert len(outbox) == 20

    log_in_by_text(sam, known)


def test_sf6_texts_that_are_refused_name_another_way_and_when_to_try_again(alice, moving_clock):
    client = sign_in(alice)
    start_phone(client)
    send_again_until_refused(client, moving_clock)

    page = client.post(f"{TWO_FACTOR}/resend", follow=True).content.decode()

    assert "Try again in 59 minutes." in page
    assert "Use an authenticator app instead. You can set one up right away." in page


def test_sf6_texts_that_are_refused_at_a_login_name_another_way(sam, moving_clock):
    RateLimit.objects.all().delete()
    for _ in range(6):
        client = Client()
        post_password(client, sam)
        moving_clock.shift(61)

    page = client.get("/session/two-factor").content.decode()

    assert "Try again in 54 minutes." in page or "Try again in 55 minutes." in page
    assert "Use a recovery code instead." in page
