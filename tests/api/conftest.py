import copy

import pytest

from tests.support.crawler import undone
from tests.support.organizations import Stage, make_stage


@pytest.fixture(scope="module")
def first_stage(django_db_setup, django_db_blocker):
    """Made once for a module, since it takes longer than most tests."""
    with django_db_blocker.unblock(), undone():
        yield make_stage()


@pytest.fixture
def stage(first_stage, db):
    """As it was made: what the test before did to it is undone, and its people are copies."""
    return Stage(*copy.deepcopy((first_stage.people, first_stage.apps)))
