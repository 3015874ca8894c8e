"""Text is found by its beginning, character by character, whatever it contains."""

import pytest

from accounts.database.beginnings import end_of
from accounts.models import User
from tests.support.people import make_user

NAMES = ["a", "a-b", "ab", "ab.c", "ab_c", "b", "z-9"]


@pytest.mark.parametrize(
    "beginning", ["a", "ab", "ab.", "ab_", "z", "z-9", "z-99", "%", "a%", "_", "\U0010ffff"]
)
def test_begins_finds_what_begins_like_that(db, beginning):
    for name in NAMES:
        make_user(name)

    found = User.objects.filter(username__begins=beginning).values_list("username", flat=True)

    assert sorted(found) == [name for name in NAMES if name.startswith(beginning)]


@pytest.mark.parametrize(
    ("beginning", "end"),
    [
        ("a", "b"),
        ("az", "a{"),
        ("\U0010ffff", ""),
        ("a\U0010ffff\U0010ffff", "b"),
        ("\ud7ff", "\ue000"),
        ("é", "ê"),
    ],
)
def test_a_range_ends_before_the_next_beginning(beginning, end):
    assert end_of(beginning) == end
