"""The mail about wrong codes: not for one or two mistyped ones, and true for every reader."""

from django.test import Client

from tests.accounts.limits.walk import at
from tests.support.people import PASSWORD, post_password
from tests.support.two_factor import CHALLENGE, guess_wrong, pending, recover

SUBJECT = "Wrong codes at sign-in"
WRONG_BACKUP_CODE = "00000-0000-0000"
HOME, ELSEWHERE = "192.0.2.1", "198.51.100.7"


def about_codes(mailoutbox):
    return [mail for mail in mailoutbox if mail.subject.startswith(SUBJECT)]


def mistype(alice, app, times, *, place=HOME):
    guess_wrong(pending(alice, at(place)), app, times)


def sign_in_with_code(alice, app, *, place=HOME, **fields):
    client = pending(alice, at(place))
    assert client.post(CHALLENGE, {"code": app.fresh_code(), **fields}).status_code == 302
    return client


def test_pf14_one_or_two_mistyped_codes_are_no_news(clock, alice, app_of_alice, mailoutbox):
    mistype(alice, app_of_alice, 2)

    assert about_codes(mailoutbox) == []


def test_pf14_the_third_in_a_row_is_and_the_mail_fits_both_cases(clock, alice, app_of_alice, mailoutbox):
    mistype(alice, app_of_alice, 2)
    recover(pending(alice, at(HOME)), WRONG_BACKUP_CODE)

    [mail] = about_codes(mailoutbox)
    text = " ".join(mail.body.split())
    assert "If this was you, you don't need to do anything." in text
    assert "If this wasn't you, somebody knows your password. Change it at once" in text
    assert HOME in text
    assert not any("Somebody knows" in mail.subject for mail in mailoutbox)


def test_pf14_a_right_code_makes_up_for_what_was_mistyped_before(clock, alice, app_of_alice, mailoutbox):
    for _ in range(3):
        mistype(alice, app_of_alice, 2)
        sign_in_with_code(alice, app_of_alice)
        clock.shift(3600)

    assert about_codes(mailoutbox) == []


def test_pf14_machines_change_their_address_within_their_network(clock, alice, app_of_alice, mailoutbox):
    for number in range(3):
        mistype(alice, app_of_alice, 1, place=f"2001:db8:1:1::{number + 1}")
        sign_in_with_code(alice, app_of_alice, place=f"2001:db8:1:1::{number + 50}")
        clock.shift(3600)
    assert about_codes(mailoutbox) == []

    for number in range(2, 5):
        mistype(alice, app_of_alice, 1, place=f"2001:db8:1:{number}::1")
        sign_in_with_code(alice, app_of_alice, place="2001:db8:1:1::1")
        clock.shift(3600)
    assert len(about_codes(mailoutbox)) == 1


def test_pf14_but_not_for_what_somebody_enters_elsewhere(clock, alice, app_of_alice, mailoutbox):
    """Who knows the password is noticed, although the owner signs in between his tries."""
    for _ in range(2):
        mistype(alice, app_of_alice, 1, place=ELSEWHERE)
        sign_in_with_code(alice, app_of_alice)
        clock.shift(3600)
    assert about_codes(mailoutbox) == []

    mistype(alice, app_of_alice, 1, place=ELSEWHERE)

    [mail] = about_codes(mailoutbox)
    assert ELSEWHERE in mail.body


def test_pf14_a_sign_in_without_a_code_makes_up_for_nothing(clock, alice, app_of_alice, mailoutbox):
    browser = sign_in_with_code(alice, app_of_alice, remember="on")
    browser.post("/session/logout")
    mistype(alice, app_of_alice, 2)
    assert post_password(browser, alice)["Location"] != CHALLENGE

    mistype(alice, app_of_alice, 1)

    assert len(about_codes(mailoutbox)) == 1


def test_pf14_a_new_password_begins_anew(clock, alice, app_of_alice, mailoutbox):
    browser = sign_in_with_code(alice, app_of_alice, place=ELSEWHERE)
    mistype(alice, app_of_alice, 2)
    fields = {"password": PASSWORD, "new_password": "an entirely different sentence"}
    assert browser.post("/app/settings/password", fields).status_code == 302
    client = at(HOME, Client())
    client.post("/session", {"username": "alice", "password": fields["new_password"]})

    guess_wrong(client, app_of_alice, 2)

    assert about_codes(mailoutbox) == []


def test_pf14_the_mail_about_a_new_browser_says_what_makes_ones_own_look_new(alice, app_of_alice, mailoutbox):
    mailoutbox.clear()
    pending(alice, at(HOME)).post(CHALLENGE, {"code": app_of_alice.fresh_code()})

    [mail] = [mail for mail in mailoutbox if mail.subject == "New sign-in to your account"]
    assert "in a private window, after you delete its cookies" in " ".join(mail.body.split())
