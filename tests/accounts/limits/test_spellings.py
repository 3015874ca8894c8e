"""Spellings of names and addresses: what shares a budget doesn't tell which accounts exist (R5)."""

from pathlib import Path

import pytest
from django.test import Client

from accounts.models import RateLimit, User
from tests.support.people import make_user

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[3]
# Pairs that casefold() makes equal and lower() does not: only the second one can be an account.
PAIRS = [
    ("\u017fusan@example.com", "susan@example.com"),
    ("\ufb01ona@example.com", "fiona@example.com"),
    ("wei\xdf", "weiss"),
]


@pytest.fixture(autouse=True)
def cheap_hashes(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def wrong(name, address):
    fields = {"username": name, "password": "wrong wrong wrong"}
    return Client(REMOTE_ADDR=address).post("/session", fields).status_code


def make_account(login):
    user = make_user("somebody" if "@" in login else login)
    if "@" in login:
        User.objects.filter(pk=user.pk).update(email=login)


@pytest.mark.parametrize(("other", "login"), PAIRS)
@pytest.mark.parametrize("exists", [True, False])
def test_sf7_wrong_passwords_for_another_spelling_do_not_tell_if_an_account_exists(
    clock, other, login, exists
):
    if exists:
        make_account(login)

    assert [wrong(other, "10.1.0.1") for _ in range(11)] == [422] * 10 + [429]
    assert wrong(login, "10.2.0.1") == 422


@pytest.mark.parametrize("login", ["susan@example.com", "susan"])
@pytest.mark.parametrize("exists", [True, False])
def test_sf7_the_spellings_that_find_one_account_share_its_budget(clock, login, exists):
    if exists:
        make_account(login)

    for spelling in (login, login.upper(), f" {login}"):
        assert [wrong(spelling, "10.1.0.1") for _ in range(3)] == [422] * 3
    assert [wrong(login.title(), "10.2.0.1") for _ in range(2)] == [422, 429]


@pytest.mark.parametrize("exists", [True, False])
def test_sf7_reset_links_for_another_spelling_do_not_tell_if_an_account_exists(clock, exists):
    other, login = "x@\u017fusan.example", "x@susan.example"
    if exists:
        make_account(login)

    for email in (other, login):
        for _ in range(4):
            Client(REMOTE_ADDR="10.1.0.1").post("/account/password/forgot", {"email": email})

    counts = RateLimit.objects.filter(key__startswith="reset:address:").values_list("count", flat=True)
    assert set(counts) <= {6, 3}
    assert len(set(counts)) == 1


def test_sf7_names_and_addresses_are_compared_by_the_key_of_the_lookup_only():
    """A new comparison by casefold() fails here. Passwords are judged by it, and find nothing."""
    folding = [
        str(path.relative_to(ROOT))
        for app in ("accounts", "organizations")
        for path in (ROOT / app).rglob("*.py")
        if ".casefold()" in path.read_text()
    ]

    assert sorted(folding) == [
        *(f"accounts/users/{name}.py" for name in ("guessable", "keyboards", "spellings")),
        "organizations/members/invited_lists.py",  # the names of columns in a file
    ]
