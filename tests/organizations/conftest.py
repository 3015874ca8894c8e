import pytest

from tests.support.organizations import make_stage


@pytest.fixture
def stage(db):
    return make_stage()
