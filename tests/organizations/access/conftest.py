"""Whoever is asked whether they may is signed in already."""

import pytest

from tests.support.crawler import undone
from tests.support.organizations import make_stage


@pytest.fixture(scope="module")
def first_stage(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), undone():
        stage = make_stage()
        stage.sign_everybody_in()
        yield stage
