"""No rule reads old events, since they may be deleted."""

import importlib

import pytest
from django.apps import apps
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent, User
from accounts.two_factor.removal import disable
from tests.support.database import events_unprotected
from tests.support.people import enrol, make_user

pytestmark = pytest.mark.django_db(transaction=True)

fill = importlib.import_module("accounts.migrations.0006_forced_removals").fill


def remove(user, *, forced):
    disable(user, actor=Actor.command(), reason="lost", forced=forced)


def forget_events():
    with events_unprotected():
        AuditEvent.objects.all().delete()


def mark_of(user):
    return User.objects.get(pk=user.pk).two_factor_forced_off_at


def test_sf11_a_removal_by_force_is_kept_with_the_user_until_two_factor_is_on_again(alice):
    enrol(alice)
    remove(alice, forced=True)
    assert mark_of(alice) is not None

    enrol(alice)
    assert mark_of(alice) is None
    remove(alice, forced=False)
    assert mark_of(alice) is None


def test_sf11_removals_before_the_update_are_found_in_the_events():
    forced, by_choice, again, later = (make_user(name) for name in ["forced", "choice", "again", "later"])
    for user, ways in {forced: [True], by_choice: [False], again: [True], later: [True, False]}.items():
        for way in ways:
            enrol(user)
            remove(user, forced=way)
    enrol(again)
    User.objects.update(two_factor_forced_off_at=None)

    fill(apps, None)

    marked = User.objects.filter(two_factor_forced_off_at__isnull=False)
    assert [user.username for user in marked] == ["forced"]
    assert mark_of(forced) < timezone.now()
