"""What the tests beside this share."""

import pytest

from tests.support.people import enrol, make_staff, make_user, sign_in


@pytest.fixture
def root(transactional_db):
    return make_user("root", is_staff=True, is_superuser=True)


@pytest.fixture
def helper(transactional_db):
    """Staff, but no superuser."""
    return make_staff("helper", "accounts.view_user", "accounts.change_user")


@pytest.fixture
def admin(root):
    return sign_in(root, enrol(root))


@pytest.fixture
def desk(helper):
    return sign_in(helper, enrol(helper))
