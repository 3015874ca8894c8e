"""What an answer costs tells nothing (D35): counted in hashes and statements, measured in benchmarks/."""

import re

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.support.people import PASSWORD, enrol, make_user, post_password
from tests.support.two_factor import CHALLENGE, RECOVERY, answer, pending

pytestmark = pytest.mark.django_db(transaction=True)

WRONG = "not the password"


def work_of(act):
    """The statements that something takes, without their values."""
    with CaptureQueriesContext(connection) as queries:
        act()
    return [re.sub(r"'[^']*'|\b\d+\b|NULL", "?", query["sql"]) for query in queries]


def test_ti_01_a_wrong_password_takes_the_same_statements_whoever_it_is(alice, bob):
    enrol(bob)
    make_user("inactive", is_active=False)
    User.objects.filter(pk=make_user("none").pk).update(password=make_password(None))
    names = ["alice", "bob", "inactive", "none", "nobody"]

    work = [
        work_of(lambda name=name: Client().post("/session", {"username": name, "password": WRONG}))
        for name in names
    ]

    assert len(work[0]) > 4
    assert work == [work[0]] * len(names)


@pytest.mark.filterwarnings("ignore:MD5")
def test_ti_04_an_upgraded_hash_costs_like_a_new_one_from_the_second_login_on(hashes, settings):
    settings.PASSWORD_HASHERS = [*settings.PASSWORD_HASHERS, "django.contrib.auth.hashers.MD5PasswordHasher"]
    old, new = make_user("old"), make_user("new")
    User.objects.filter(pk=old.pk).update(password=make_password(PASSWORD, hasher="md5"))
    hashes()
    counted = []

    for user in (old, old, new):
        assert post_password(Client(), user).status_code == 302
        counted.append(hashes())

    # The first login also takes a hash of the old kind: that is the only difference, and only once.
    assert counted == [1, 1, 1]
    old.refresh_from_db()
    assert old.password.startswith("counting$")


@pytest.mark.parametrize("path", [CHALLENGE, RECOVERY])
def test_ti_02_wrong_and_malformed_codes_take_the_same_work(clock, alice, app_of_alice, path):
    client = pending(alice)
    for _ in range(3):
        answer(client, "the third one brings a mail", path)
    guesses = ["000000", "999999"] if path == CHALLENGE else ["00000-0000-0000", "ZZZZZ-ZZZZ-ZZZZ"]

    first, second = [work_of(lambda code=code: answer(client, code, path)) for code in guesses]

    assert first == second
