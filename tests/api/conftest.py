"""What the tests beside this share."""

import pytest

from tests.support.organizations import found


@pytest.fixture
def acme(alice):
    return found("acme", alice)
