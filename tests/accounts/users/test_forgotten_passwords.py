"""Forgotten passwords: links by mail, what they open and when they end."""

import re
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.accounts.users.reset_links import FORGOT, NEW, RESET, change, forgot, reset
from tests.support.mails import link_in, subjects
from tests.support.people import PASSWORD, enrol, make_user, post_password, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


def mail_to(address, mailoutbox):
    return [mail for mail in mailoutbox if mail.to == [address]][-1]


def move_to(user, address, mailoutbox):
    """Change the address of an account, and confirm the new one."""
    client = sign_in(user)
    client.post("/app/settings/profile/email", {"email": address})
    client.get(link_in(mail_to(address, mailoutbox), "/account/confirm/"))
    client.post("/account/confirm")
    user.refresh_from_db()
    assert user.email == address


def shape_of(queries):
    """The statements without their values: which verb, on which table, in which order."""
    return tuple(" ".join(re.findall(r"^\w+|accounts_\w+", q["sql"])[:2]) for q in queries)


def test_pr_01_the_answer_is_the_same_for_unknown_addresses_and_the_work_too(alice, mailoutbox):
    make_user("inactive", is_active=False)
    make_user("unconfirmed", email_confirmed_at=None)
    answers, work = set(), {}
    for name in ("alice", "nobody", "inactive", "unconfirmed"):
        with CaptureQueriesContext(connection) as queries:
            response = forgot(f"{name}@example.com")
        answers.add((response.status_code, response["Location"], tuple(sorted(response.headers))))
        work[name] = shape_of(queries)

    assert len(answers) == 1
    assert len(set(work.values())) == 1, work
    assert [mail.to for mail in mailoutbox] == [["alice@example.com"]]


def test_pr_02_a_reset_link_works_once(alice, mailoutbox):
    forgot()
    assert reset(mailoutbox[0]).status_code == 302

    assert reset(mailoutbox[0], "something else entirely").status_code == 422
    alice.refresh_from_db()
    assert alice.check_password(NEW)


def test_sf6_a_newer_link_leaves_the_older_one_good_and_both_end_when_one_is_used(alice, mailoutbox):
    forgot()
    forgot()
    older, newer = mailoutbox

    assert reset(older).status_code == 302
    assert reset(newer, "something else entirely").status_code == 422


def test_pr_02_an_intruder_who_signs_in_does_not_take_the_link_away(alice, mailoutbox):
    forgot()
    sign_in(alice)

    assert reset(mailoutbox[0]).status_code == 302


def test_sf1_a_reset_link_dies_with_the_address_that_it_went_to(alice, mailoutbox):
    forgot()
    old_mailbox = mailoutbox[-1]
    move_to(alice, "new@example.com", mailoutbox)

    assert reset(old_mailbox).status_code == 422
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_sf1_and_stays_dead_when_the_address_comes_back(alice, mailoutbox):
    former = alice.email
    forgot()
    old_mailbox = mailoutbox[-1]
    move_to(alice, "new@example.com", mailoutbox)
    move_to(alice, former, mailoutbox)

    assert reset(old_mailbox).status_code == 422


def test_sf1_a_link_that_is_open_in_the_browser_dies_too(alice, mailoutbox):
    forgot()
    reader = Client()
    reader.get(link_in(mailoutbox[-1], f"{RESET}/"))
    assert reader.get(RESET).status_code == 200
    move_to(alice, "new@example.com", mailoutbox)

    assert reader.post(RESET, {"new_password": NEW}).status_code == 422


def test_sf1_a_confirmation_link_dies_with_the_address_that_it_went_to(alice, mailoutbox):
    client = sign_in(alice)
    client.post("/app/settings/profile/email", {"email": "first@example.com"})
    first = mail_to("first@example.com", mailoutbox)
    client.post("/app/settings/profile/email", {"email": "second@example.com"})

    client.get(link_in(first, "/account/confirm/"))
    client.post("/account/confirm")

    alice.refresh_from_db()
    assert (alice.email, alice.unconfirmed_email) == ("alice@example.com", "second@example.com")


@pytest.mark.parametrize("way", ["reset", "change", "command"])
def test_sf1_a_link_to_a_new_address_dies_with_the_password_that_asked_for_it(
    alice, mailoutbox, monkeypatch, way
):
    thief = sign_in(alice)
    thief.post("/app/settings/profile/email", {"email": "thief@example.com"})
    link = link_in(mail_to("thief@example.com", mailoutbox), "/account/confirm/")
    client = sign_in(alice)
    if way == "reset":
        forgot()
        reset(mail_to(alice.email, mailoutbox))
    elif way == "change":
        change(client)
    else:
        monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", NEW)
        call_command("changepassword", "alice", noinput=True, stdout=StringIO())

    client = Client()
    post_password(client, alice, NEW)
    client.get(link)
    client.post("/account/confirm")

    alice.refresh_from_db()
    assert alice.email == "alice@example.com"


def test_sf1_setting_up_two_factor_leaves_the_link_of_a_new_address_alone(alice, mailoutbox):
    client = sign_in(alice)
    client.post("/app/settings/profile/email", {"email": "new@example.com"})
    enrol(alice, client)

    client.get(link_in(mail_to("new@example.com", mailoutbox), "/account/confirm/"))
    client.post("/account/confirm")

    alice.refresh_from_db()
    assert alice.email == "new@example.com"


def test_pr_02_the_link_is_too_old_after_an_hour(alice, mailoutbox):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        forgot()
        clock.shift(3601)
        client = Client()
        client.get(link_in(mailoutbox[0], f"{RESET}/"))

        assert client.get(RESET).status_code == 422
        assert client.post(RESET, {"new_password": NEW}).status_code == 422


def test_d43_a_link_that_was_made_while_the_clock_was_ahead_lives_no_longer(alice, mailoutbox):
    with time_machine.travel(timezone.now() + timedelta(days=1), tick=False):
        forgot()

    assert reset(mailoutbox[0]).status_code == 422


def test_r53_a_link_of_a_deactivated_account_does_not_work(alice, mailoutbox):
    forgot()
    with connection.cursor() as cursor:  # by hand, so that the stamp stays, which ends links as well
        cursor.execute("UPDATE accounts_user SET is_active = false WHERE id = %s", [alice.pk])

    assert reset(mailoutbox[0]).status_code == 422
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_pr_03_a_reset_signs_nobody_in_and_keeps_two_factor(alice, mailoutbox):
    enrol(alice)
    forgot()
    client = Client()

    response = reset(mailoutbox[-1], client=client)

    assert response["Location"] == "/session"
    assert client.get("/app/settings/profile").status_code == 302
    assert post_password(client, alice, NEW)["Location"] == "/session/two-factor"


def test_r53_a_reset_ends_every_session_and_tells_the_owner(alice, mailoutbox):
    client = sign_in(alice)
    forgot()

    reset(mailoutbox[-1])

    assert client.get("/app/settings/profile").status_code == 302
    assert subjects(mailoutbox, alice.email)[-1] == "Your password was changed"


def test_pr_10_a_reset_voids_a_pending_login(alice, mailoutbox):
    app = enrol(alice)
    forgot()
    pending = Client()
    reset_mail = mailoutbox[-1]
    post_password(pending, alice)

    assert reset(reset_mail).status_code == 302

    response = pending.post("/session/two-factor", {"code": app.fresh_code()})
    assert response["Location"] == "/session"
    assert pending.get("/app/settings/profile").status_code == 302


@pytest.mark.parametrize("name", ["host", "x-forwarded-host"])
def test_pr_04_links_are_built_from_the_configured_address(alice, mailoutbox, settings, name):
    """Not even a host that is allowed gets into a mail."""
    settings.SITE_URL, settings.ALLOWED_HOSTS = "https://auth.example.com", ["*"]

    assert forgot(**{name: "evil.example"}).status_code == 302

    [mail] = mailoutbox
    assert "https://auth.example.com/account/password/reset/" in mail.body
    assert "evil" not in mail.body + str(mail.alternatives)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:80@evil.example"])
def test_pr_04_other_hosts_are_refused(alice, mailoutbox, host):
    assert forgot(host=host).status_code == 400
    assert mailoutbox == []


def from_networks(count):
    """Browsers in as many networks."""
    return [Client(REMOTE_ADDR=f"198.51.{number}.1") for number in range(count)]


def test_pr_05_three_mails_an_hour_from_one_network_and_the_page_tells_nothing(alice, mailoutbox):
    answers = {(r.status_code, r["Location"]) for r in (forgot() for _ in range(6))}

    assert len(answers) == 1
    assert len(mailoutbox) == 3


def test_pr_05_five_mails_an_hour_for_one_account_and_the_page_tells_nothing(alice, mailoutbox):
    answers = {(r.status_code, r["Location"]) for r in (forgot(client=client) for client in from_networks(8))}

    assert len(answers) == 1
    assert len(mailoutbox) == 5


@pytest.mark.parametrize("later", [0, 1800, 3599])
def test_sf6_while_mails_are_held_back_one_that_was_sent_works(alice, mailoutbox, later):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for client in from_networks(4):
            forgot(client=client)
        clock.shift(later)
        for client in from_networks(8)[4:]:
            forgot(client=client)
        assert len(mailoutbox) == 5

        assert reset(mailoutbox[-1]).status_code == 302


@pytest.mark.parametrize("end", ["reset", "change"])
def test_sf6_when_the_links_end_the_limit_of_the_account_begins_anew(alice, mailoutbox, end):
    own = sign_in(alice)
    for client in from_networks(8):
        forgot(client=client)
    last = mailoutbox[-1]
    if end == "reset":
        reset(last)
    else:
        change(own)
    before = len(mailoutbox)

    forgot(client=Client(REMOTE_ADDR="203.0.113.7"))

    assert len(mailoutbox) == before + 1
    assert reset(last).status_code == 422
    assert reset(mailoutbox[-1], "yet another different sentence").status_code == 302


def test_sf6_an_account_without_that_address_takes_the_same_steps_when_mails_are_held_back(alice, mailoutbox):
    work = {}
    for name in ("alice", "nobody"):
        for client in from_networks(6):
            with CaptureQueriesContext(connection) as queries:
                forgot(f"{name}@example.com", client)
        work[name] = shape_of(queries)

    assert work["alice"] == work["nobody"]


def test_pr_05_one_address_asks_for_twenty_accounts_an_hour(mailoutbox):
    for number in range(22):
        make_user(f"user{number}")
        forgot(f"user{number}@example.com")

    assert len(mailoutbox) == 20


@pytest.mark.parametrize(
    "typed",
    [
        "ALICE@example.com",
        "alice@EXAMPLE.com",
        " alice@example.com ",
        "alice@example.com\u034f",
        "ali\u00adce@example.com",
    ],
)
def test_pr_06_mail_goes_to_the_stored_address(alice, mailoutbox, typed):
    forgot(typed)

    assert [mail.to for mail in mailoutbox] == [["alice@example.com"]]


@pytest.mark.parametrize(
    "typed", ["alıce@example.com", "alicé@example.com", "alice@exаmple.com", "alice@examp\u0142e.com"]
)
def test_pr_06_look_alikes_get_no_mail(alice, mailoutbox, typed):
    forgot(typed)

    assert mailoutbox == []


def test_pr_07_one_recipient_whatever_is_sent(alice, bob, mailoutbox):
    Client().post(FORGOT, {"email": ["alice@example.com", "bob@example.com"]})
    Client().post(FORGOT, {"email[]": "alice@example.com"})
    Client().post(FORGOT, {"email": "alice@example.com\nBcc:bob@example.com"})

    assert [mail.recipients() for mail in mailoutbox] == [["bob@example.com"]]


def test_pr_08_the_token_is_in_no_later_address(alice, mailoutbox):
    forgot()
    client = Client()
    token = link_in(mailoutbox[0], f"{RESET}/").rpartition("/")[2]

    taken = client.get(f"{RESET}/{token}")
    page = client.get(RESET)

    assert taken["Location"] == RESET
    assert taken["Referrer-Policy"] == "no-referrer"
    assert token not in page.content.decode()


def test_pr_11_guesses_of_tokens_are_limited_by_address(alice, mailoutbox):
    def guess(client, number):
        client.get(f"{RESET}/{alice.pk}.1xVmSR.{number:043}")
        return client.post(RESET, {"new_password": NEW}).status_code

    with time_machine.travel("2026-01-01T00:00:00Z", tick=False):
        client = Client()
        statuses = [guess(client, number) for number in range(25)]

    assert statuses == [422] * 20 + [429] * 5


def test_a_weak_password_leaves_the_link_good(alice, mailoutbox):
    forgot()
    client = Client()

    response = reset(mailoutbox[0], "too short", client)
    assert response.status_code == 422
    assert "new_password" in response.context["form"].errors

    assert client.post(RESET, {"new_password": NEW}).status_code == 302
