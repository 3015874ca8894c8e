"""What succeeds is bounded, too: right passwords, and everything that is recorded or mailed."""

import pytest
from django.db.models import F
from django.test import Client

from accounts.models import AuditEvent, RateLimit
from tests.support.mails import link_in
from tests.support.people import PASSWORD, enrol, make_user, post_password, sign_in
from tests.support.two_factor import known_browser, let_sudo_expire, same_browser

pytestmark = pytest.mark.django_db(transaction=True)

NEW = "an entirely different sentence"
FIVE_MINUTES, DAY = 300, 86_400


@pytest.fixture(autouse=True)
def cheap_hashes(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def right_passwords(user, times, client=None):
    """The statuses of so many sign-ins with the right password, each in a browser of its own."""
    browsers = [same_browser(client) if client else Client() for _ in range(times)]
    return [post_password(browser, user).status_code for browser in browsers]


def test_sf5_thirty_sign_ins_in_five_minutes_and_no_hash_for_more(clock, hashes):
    alice = make_user("alice")
    assert right_passwords(alice, 30) == [302] * 30
    hashes()

    refused = post_password(Client(), alice)

    assert refused.status_code == 429
    assert "Try again in 5 minutes." in refused.content.decode()
    assert hashes() == 0
    assert AuditEvent.objects.filter(user_id=alice.pk).count() == 30
    clock.shift(FIVE_MINUTES)
    assert post_password(Client(), alice).status_code == 302


def test_sf5_three_hundred_sign_ins_in_a_day(clock, alice):
    assert right_passwords(alice, 2) == [302] * 2
    of_the_day = RateLimit.objects.filter(key=f"password:right:user:{alice.pk}:{DAY}")
    assert of_the_day.update(count=F("count") + 297) == 1  # as if it had been so often since this morning

    assert right_passwords(alice, 2) == [302, 429]
    clock.shift(FIVE_MINUTES)
    assert right_passwords(alice, 1) == [429]
    clock.shift(DAY)
    assert right_passwords(alice, 1) == [302]


def test_sf5_who_has_the_password_alone_cannot_keep_the_owner_out_of_a_known_browser(alice):
    app = enrol(alice)
    own = known_browser(alice, app)
    assert 429 in right_passwords(alice, 31)

    assert sign_in(alice, app, own)


def test_sf5_each_known_browser_has_a_budget_of_its_own(alice):
    first, second = known_browser(alice), known_browser(alice)
    assert right_passwords(alice, 31, first)[-1] == 429

    assert right_passwords(alice, 1, second) == [302]


def test_sf5_one_account_signs_in_no_more_often_by_way_of_many_known_browsers(clock, hashes):
    alice = make_user("alice")
    browsers = [known_browser(alice) for _ in range(4)]
    statuses = [right_passwords(alice, 20, browser) for browser in browsers]
    hashes()

    assert statuses == [[302] * 20] * 3 + [[429] * 20]
    assert "Try again in 5 minutes." in post_password(browsers[3], alice).content.decode()
    assert hashes() == 0
    clock.shift(FIVE_MINUTES)
    assert right_passwords(alice, 1, browsers[3]) == [302]


def test_sf5_a_new_password_gives_its_owner_what_others_have_used_up_of_known_browsers(alice, mailoutbox):
    """Somebody has had the password and two known browsers. The owner goes on by a reset link."""
    for browser in [known_browser(alice) for _ in range(3)]:
        right_passwords(alice, 20, browser)
    own = known_browser(alice)
    assert right_passwords(alice, 1, own) == [429]

    own.post("/account/password/forgot", {"email": alice.email})
    own.get(link_in(mailoutbox[-1], "/account/password/reset/"))
    own.post("/account/password/reset", {"new_password": NEW})

    assert post_password(own, alice, NEW).status_code == 302


def test_sf5_wrong_passwords_spend_nothing_of_it(clock, alice):
    assert right_passwords(alice, 20) == [302] * 20
    for _ in range(10):
        post_password(Client(), alice, "wrong")
    clock.shift(FIVE_MINUTES - 1)

    assert not RateLimit.objects.filter(key__startswith="password:right:", count__gt=20).exists()


def test_sf5_other_peoples_passwords_are_not_concerned(alice, bob):
    right_passwords(alice, 31)

    assert right_passwords(bob, 1) == [302]


def test_sf5_sudo_by_password_counts_as_well(alice):
    client = sign_in(alice)
    statuses = []
    for _ in range(31):
        let_sudo_expire(alice)
        statuses.append(client.post("/session/sudo", {"password": PASSWORD, "next": "/app"}).status_code)

    assert statuses == [302] * 30 + [429]
