"""Sign-ups that come by an invitation don't count for the network, and open no way around its limit."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import RateLimit, User
from organizations.models import Membership
from tests.support.mails import link_in
from tests.support.organizations import found
from tests.support.people import PASSWORD, make_user, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

OFFICE, SIGN_UP, PAGE = "203.0.113.7", "/account/new", "/app/invitations"


@pytest.fixture
def owner(mailoutbox):
    user = make_user("owner")
    found("acme", user)
    return sign_in(user)


@pytest.fixture
def invite(owner, mailoutbox):
    """invite(address): somebody is invited to acme; return the link in the mail."""

    def arrange(address):
        assert owner.post("/app/acme/settings/users/add", {"username": address}).status_code == 302
        return link_in(mailoutbox[-1], f"{PAGE}/")

    return arrange


def browser_at(link="", ip=OFFICE):
    browser = Client(REMOTE_ADDR=ip)
    if link:
        assert browser.get(link)["Location"] == PAGE
    return browser


def sign_up(browser, name, email=""):
    fields = {"username": name, "email": email or f"{name}@example.com", "password": PASSWORD}
    return browser.post(SIGN_UP, fields).status_code


def counted():
    return (
        RateLimit.objects.filter(key__startswith=f"sign-up:{OFFICE}:").values_list("count", flat=True).first()
    )


def use_up():
    """Leave the office no sign-up."""
    sign_up(browser_at(), "first")
    RateLimit.objects.filter(key__startswith="sign-up:").update(count=20)
    assert sign_up(browser_at(), "second") == 429


def test_of7_the_invited_sign_up_where_the_limit_of_their_network_is_used_up(invite):
    use_up()
    browser = browser_at(invite("Eve@Example.com"))

    assert sign_up(browser, "eve") == 302
    assert counted() == 20
    assert User.objects.get(username="eve").unconfirmed_email == ""
    assert User.objects.get(username="eve").email_confirmed  # the link was mailed to it


def test_of7_the_way_leads_over_the_sign_in_page(invite):
    use_up()
    browser = browser_at(invite("eve@example.com"))
    assert browser.get(PAGE)["Location"].startswith("/session?next=")
    assert browser.get(SIGN_UP).status_code == 200

    assert sign_up(browser, "eve") == 302


def test_of7_an_invitation_takes_one_account(invite):
    link = invite("eve@example.com")
    use_up()
    assert sign_up(browser_at(link), "eve") == 302

    assert sign_up(browser_at(link), "eve2", "eve@example.com") == 429


def test_of7_a_renewed_invitation_takes_no_further_one(invite):
    use_up()
    assert sign_up(browser_at(invite("eve@example.com")), "eve") == 302

    assert sign_up(browser_at(invite("eve@example.com")), "eve2", "eve@example.com") == 429


def test_of7_a_name_that_is_taken_does_not_use_the_invitation_up(invite):
    use_up()
    browser = browser_at(invite("eve@example.com"))
    assert [sign_up(browser, "owner", "eve@example.com") for _ in range(3)] == [422] * 3

    assert sign_up(browser, "eve") == 302


def test_of7_nobody_tries_names_for_ever_with_an_invitation(invite):
    use_up()
    browser = browser_at(invite("eve@example.com"))

    statuses = [sign_up(browser, "owner", "eve@example.com") for _ in range(21)]

    assert statuses == [422] * 20 + [429]


@pytest.mark.parametrize("email", ["mallory@example.com", "eve+1@example.com", "eve@example.org"])
def test_of7_the_link_is_for_its_address_alone(invite, email):
    use_up()

    assert sign_up(browser_at(invite("eve@example.com")), "eve", email) == 422
    assert not User.objects.filter(username="eve").exists()


def test_of7_what_is_no_link_counts_for_the_network(invite, owner):
    use_up()
    link = invite("eve@example.com")
    assert sign_up(browser_at(), "eve") == 429  # the address alone
    assert sign_up(browser_at(link[:-4] + "AAAA"), "eve") == 429
    assert sign_up(browser_at(f"{PAGE}/whatever"), "eve") == 429
    User.objects.filter(username="first").update(email_confirmed_at=timezone.now())
    by_name = invite("first")  # an invitation of an account that exists
    assert sign_up(browser_at(by_name), "again", "first@example.com") == 429


def test_of7_a_link_that_was_revoked_or_is_too_old_counts_for_the_network(invite):
    use_up()
    link = invite("eve@example.com")
    Membership.objects.invited().delete()
    assert sign_up(browser_at(link), "eve") == 429

    link = invite("bob@example.com")
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        sign_up(browser_at(), "third")
        RateLimit.objects.filter(key__startswith="sign-up:").update(count=20)
        assert sign_up(browser_at(link), "bob") == 429


@pytest.mark.races
def test_of7_of_ten_sign_ups_at_once_with_one_link_one_is_free(invite):
    link = invite("eve@example.com")
    use_up()
    browsers = [browser_at(link) for _ in range(10)]

    def send(number):
        try:
            return sign_up(browsers[number], f"eve{number}", "eve@example.com")
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        statuses = sorted(pool.map(send, range(10)))

    assert statuses == [302] + [429] * 9


def test_of7_one_network_does_not_invite_itself_for_ever(invite):
    assert sign_up(browser_at(invite("eve@example.com")), "eve") == 302
    RateLimit.objects.filter(key__startswith="sign-up:invited:").update(count=400)
    link = invite("mallory@example.com")

    assert sign_up(browser_at(link), "mallory") == 429
    assert sign_up(browser_at(link, "198.51.100.9"), "mallory") == 302
    assert sign_up(browser_at(), "frank") == 302
