"""Passwords that are easy to guess, and those that only look like it."""

import random
import string
import sys
from pathlib import Path

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import User
from tests.support.organizations import found

# Passwords of a person called alice at alice@example.org on the site "TFC Auth".
GUESSABLE = {
    "a name": [
        "alice@example.org1",
        "alice-example-alice",
        "4l1c3.example.2025",
        "Alice.Example.2025",
        "TFC Auth, tfc-auth!",
        "ａｌｉｃｅ＠ｅｘａｍｐｌｅ．ｏｒｇ",
    ],
    "a password that many people use": [
        "passwordiloveyou",
        "P@ssw0rdletmein",
        "drowssapmonkey1",
        "1qaz2wsx3edc4rf",
        "qazwsxedcrfvtgb",
    ],
    "a row": [
        "123456789012345",
        "098765432109876",
        "abcdefghijklmno",
        "абвгдежзийклмно",
        "zyxwvutsrqponml",
        "qwertyuiopasdfg",
        "qwertzuiopasdfg",
        "azertyuiopqsdfg",
        "lkjhgfdsapoiuyt",
        "1q2w3e4r5t6y7u8",
        "!@#$%^&*()_+|<>?",
        "qwerty123456789",
        "1a2b3c4d5e6f7g8h",
        "a1b2c3d4e5f6g7h8",
        "йцукенгшщзхъфыв",
        "1!2@3#4$5%6^7&8*",
        "aoeuidhtnspyfgcrl",
        "arstdhneioarstd",
        "1357913579abcdef",
    ],
    "repeats": [
        "abababababababab",
        "1111 2222 3333 4444",
        "xk4xk4xk4xk4xk4",
        "a-l-i-c-e-a-l-i-c-e-a-l-i-c-e",
        "passwordpasswordpassword",
        "🙂" * 15,
        " " * 20,
        "zz" * 40,
        "ﷺ" * 15,
        "hakunamatatahakunamatata",
        "Kubernetes-kubernetes!",
        "xk4!pQ9zz9Qp!4kx",
    ],
    "a series": [
        "one two three four",
        "MondayTuesdayWednesday",
        "3.14159265358979",
    ],
    "one word": ["Kindergarten-123", "gamemaster12345", "Gamemaster2025!"],
    "a date": ["19871224 24121987", "24121987+01.02.03", "28 November 2025", "1/2/1987+3/4/1990"],
}
GOOD = [
    "correct horse battery staple",
    "horse battery staple",
    "red dress for free",
    "my dog is called rex",
    "kühe grasen auf der wiese",
    "я помню чудное мгновенье",
    "你好世界这是一个很长的密码吗对的",
    "Tr0ub4dor&3 is not so bad",
    "xk4!pQ9z#mL2vRt",
    "#%^!)_$&@*(|{}~",
    "194851739204856",
    "alice and the mad hatter",
    "password of the third kind",
]
# What password managers make.
ALPHABETS = [
    string.ascii_lowercase,
    string.ascii_letters,
    string.ascii_letters + string.digits,
    string.ascii_letters + string.digits + string.punctuation,
    string.hexdigits.lower(),
]


def listed(name):
    return (Path(__file__).parent / "lists" / name).read_text(encoding="utf-8").splitlines()


def reasons(password, person=None):
    person = person or User(username="alice", email="alice@example.org")
    try:
        validate_password(password, person)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


@pytest.mark.parametrize("reason", GUESSABLE)
def test_sf4_what_is_easy_to_guess_is_refused_with_the_reason(reason):
    answers = {password: reasons(password) for password in GUESSABLE[reason]}

    assert {password: answer for password, answer in answers.items() if reason not in answer} == {}


def test_sf4_what_people_choose_when_they_need_many_characters_is_refused():
    assert [password for password in listed("weak.txt") if not reasons(password)] == []


def test_sf4_good_passwords_are_accepted():
    passwords = [*GOOD, *listed("good.txt")]

    assert {password: reason for password in passwords if (reason := reasons(password))} == {}


@pytest.mark.django_db
def test_sf4_the_page_says_why_and_what_to_do():
    form = {"username": "alice", "email": "alice@example.org", "password": "alice@example.org1"}

    page = Client().post("/account/new", form).content.decode()

    assert "This password is little more than a name" in page
    assert "let a password manager generate one" in page
    assert "alice@example.org1" not in page
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "beginning", ["the quick brown fox jumps over the lazy dog ", "=" * 40, "password " * 5]
)
def test_sf4_what_follows_a_long_weak_beginning_counts(beginning):
    assert reasons(beginning + "xk7vq2mwzr9tgh4b") == ""


@pytest.mark.django_db
def test_sf4_the_name_of_an_organization_is_a_name(alice):
    found("rhubarb-factory", alice)

    assert "an organization or" in reasons("RhubarbFactory-2025", alice)
    assert reasons("RhubarbFactory-2025") == ""


@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_sf4_random_passwords_are_not_refused_by_accident(alphabet):
    chance = random.Random(42)
    passwords = ["".join(chance.choices(alphabet, k=length)) for length in (15, 20) for _ in range(400)]

    assert [password for password in passwords if reasons(password)] == []


def calls_of(password):
    """How many functions are called for one check: a measure of the work that no busy machine changes."""
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        reasons(password)
    finally:
        sys.setprofile(None)
    return calls


UNITS = [
    *["a", "ab", "1qaz", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "password", "alice", "2025", "january"],
    *["asdsa", "aabb", "1!2@", "4l1c3", "\u0130", "\ufdfa", "a\u0301", "-", "p@ssw0rd1234", "winter"],
    *["thisismypassword", "maytheforcebewithyou", "abcabcabd"],
]


@pytest.mark.parametrize("password", [*UNITS, " ", "a b ", "1a", "10101"])
def test_sf4_a_check_is_little_work_whatever_is_typed(password):
    reasons("load the list of common passwords first")

    assert max(calls_of((password * 100_000)[:length]) for length in (15, 48, 1024, 100_000)) < 12_000


def test_sf4_so_is_a_mixture_of_what_is_easy_to_guess():
    reasons("load the list of common passwords first")
    chance = random.Random(42)

    assert max(calls_of("".join(chance.choices(UNITS, k=40))) for _ in range(100)) < 12_000
