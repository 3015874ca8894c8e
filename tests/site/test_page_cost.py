"""What a page costs in Python, as a ratio to the smallest page of a Django site (tests/support/hello.py).

Function calls are counted, in one process and run: no clock, and no other machine. What the database is asked
is in tests/organizations/test_cost.py.
"""

import pytest

from tests.support import hello, people
from tests.support.calls import Browser

# Measured with Python 3.11 and Django 5.2, and 5 % for other versions. Lower one when its page became
# cheaper; whoever raises one says why.
PAGES = {
    ("anonymous", "/healthz"): 0.47,
    ("anonymous", "/session"): 1.8,
    ("olga", "/app"): 2.12,
    ("olga", "/app/settings/two-factor"): 3.44,
    ("olga", "/app/settings/profile"): 2.55,
    ("olga", "/app/open"): 2.73,
    ("olga", "/app/open/settings/users"): 7.3,
    ("olga", "/app/open/settings/authentication"): 6.86,  # with the progress, and what a date brings
    ("olga", "/nothing-here"): 2.13,
}
REFUSED = 2.64  # as a request that shows the page, checks a token and asks the limiter


@pytest.fixture
def small(db):
    """Return the function calls of the smallest page."""
    cookies = hello.cookies_of(people.make_user("hello"))
    with hello.settings:
        browser = Browser(cookies)
        assert browser.get("/") == 200
        return browser.calls("GET", "/")


def browser_of(stage, who):
    return Browser({name: found.value for name, found in stage.browser(who).cookies.items()})


@pytest.mark.parametrize(("who", "path"), PAGES)
def test_a_page_costs_so_many_small_ones(stage, small, who, path):
    browser = browser_of(stage, who)

    calls = browser.calls("GET", path)

    assert calls <= small * PAGES[who, path] * 1.05, calls / small


def test_a_refused_attempt_costs_little_more_than_its_page(db, small):
    people.make_user("alice")
    browser = Browser(address="198.51.100.7")
    browser.get("/session")
    for _ in range(10):
        assert browser.post("/session", username="alice", password="wrong") == 422
    assert browser.post("/session", username="alice", password="wrong") == 429

    calls = browser.calls("POST", "/session", username="alice", password="wrong")

    assert calls <= small * REFUSED * 1.05, calls / small
