import pytest

from tests.organizations.stage import make_stage


@pytest.fixture
def stage(db):
    return make_stage()
