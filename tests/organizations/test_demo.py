"""`manage.py demo`: something to try everything with, and never on a real site."""

import io

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.management import CommandError, call_command

from accounts.models import User
from organizations.management.commands.demo import PASSWORD
from organizations.models import Membership
from tests.support import people
from tests.support.invariants import broken
from tests.support.organizations import membership_of

pytestmark = pytest.mark.django_db


def demo():
    output = io.StringIO()
    call_command("demo", stdout=output)
    return output.getvalue()


def test_not_without_debug():
    with pytest.raises(CommandError, match="DEBUG=1 only"):
        demo()

    assert not User.objects.exists()


def test_tells_who_there_is_and_where(settings):
    settings.DEBUG = True

    output = demo()

    assert settings.SITE_URL in output
    assert f"{settings.SITE_URL}/dev/outbox" in output
    assert all(name in output for name in ["alice", "bob", "carol", "root", PASSWORD])
    assert broken() == []


def test_everybody_can_sign_in_with_a_good_password(settings):
    settings.DEBUG = True
    demo()

    for user in User.objects.all():
        validate_password(PASSWORD, user)
        assert people.post_password(people.Client(), user, PASSWORD).status_code == 302
    assert membership_of(User.objects.get(username="alice"), "acme").is_owner
    assert Membership.objects.invited().get().username == "bob"


def test_a_second_start_adds_nothing_and_tells_the_same(settings):
    settings.DEBUG = True

    assert demo() == demo()
    assert User.objects.count() == 4


def test_only_into_an_empty_database(settings):
    settings.DEBUG = True
    people.make_user("somebody")

    output = demo()

    assert "not empty" in output
    assert User.objects.count() == 1
