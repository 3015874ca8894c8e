"""The caller's own account over the API."""

import pytest
from django.test import Client

from accounts import tokens
from accounts.audit import Actor
from organizations import lifecycle

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_show_takes_two_statements_at_most(alice, django_assert_num_queries):
    lifecycle.create_organization("acme", "x@example.com", owner=alice, actor=Actor.command())
    _token, secret = tokens.create(alice, description="ci", expires_at=None, actor=Actor.command())
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    client.get("/api/v2/ping")  # which notes the use of the token

    with django_assert_num_queries(1):
        assert client.get("/api/v2/account/details").status_code == 200
    with django_assert_num_queries(2):
        assert client.get("/api/v2/organizations/acme").status_code == 200
