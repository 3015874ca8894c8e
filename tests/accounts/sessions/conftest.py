"""What the tests beside this share."""

import copy

import pytest

from accounts import factors
from tests.support.crawler import undone
from tests.support.organizations import enrolled, found
from tests.support.people import make_user


@pytest.fixture(scope="module")
def enrolled_owner(django_db_setup, django_db_blocker):
    """(user, app): the owner of acme, with an application, a phone, and recovery codes."""
    with django_db_blocker.unblock(), undone():
        user = make_user("olga")
        app = enrolled(user)
        state = factors.get("sms").begin_enrolment(user, phone_number="+12025550143")
        assert factors.get("sms").confirm(user, state)
        found("acme", user)
        yield user, app


@pytest.fixture
def owner(enrolled_owner, db):
    return copy.deepcopy(enrolled_owner)
