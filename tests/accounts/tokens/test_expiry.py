"""Tokens near their end: their people are told in time, and later they go away."""

from contextlib import suppress
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone

from accounts.audit import Actor
from accounts.management import housekeeping
from accounts.models import ApiToken, User
from accounts.tokens import expiry
from organizations import tokens as organization_tokens
from organizations.models import OrganizationToken
from tests.api.clients import token_of
from tests.support.faults import fault_at
from tests.support.organizations import found

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = 1 / 24


def after(days):
    """What run_due_work mails when it runs after so many days: the subjects."""
    before = len(mail.outbox)
    with time_machine.travel(timezone.now() + timedelta(days=days)):
        call_command("run_due_work")
        call_command("run_due_work")
    return [one.subject for one in mail.outbox[before:]]


def make_token(user, days):
    return token_of(user, expires_at=timezone.now() + timedelta(days=days), description="nightly build")


def test_a_token_is_told_about_30_and_7_days_before_it_expires_and_once_each(alice):
    make_token(alice, 90)
    end = timezone.now() + timedelta(days=90)

    told = {day: len(after(day)) for day in (1, 59, 60 + HOUR, 61, 82, 83 + HOUR, 84, 89, 91)}

    assert told == {1: 0, 59: 0, 60 + HOUR: 1, 61: 0, 82: 0, 83 + HOUR: 1, 84: 0, 89: 0, 91: 0}
    assert mail.outbox[-1].subject == f"One of your API tokens expires on {end.day} {end:%B %Y}"
    assert "nightly build" in mail.outbox[-1].body
    assert "/app/settings/tokens" in mail.outbox[-1].body


@pytest.mark.parametrize(("days", "mails"), [(5, 0), (7, 0), (8, 1), (30, 1), (31, 2)])
def test_a_token_is_not_told_about_longer_before_than_it_lives(alice, days, mails):
    make_token(alice, days)

    assert sum(len(after(days * part / 10)) for part in range(10)) == mails


def test_after_a_pause_only_the_nearest_mail_is_sent(alice):
    make_token(alice, 90)

    assert len(after(85)) == 1
    assert ApiToken.objects.get().expiry_told == 7


def test_what_never_expires_or_has_expired_is_not_told_about(alice):
    token_of(alice)
    make_token(alice, 40)

    assert after(41) == []


def test_deactivated_people_get_no_mail(alice):
    make_token(alice, 40)
    User.objects.update(is_active=False)

    assert after(20) == []


def test_owners_are_told_about_both_tokens_of_their_organization(alice, bob):
    found("acme", alice, owners=[bob])
    for kind in OrganizationToken.Kind:
        organization_tokens.replace(
            alice.memberships.get().organization,
            kind,
            expires_at=timezone.now() + timedelta(days=90),
            verified=False,
            actor=Actor.command(),
        )

    subjects = after(70)

    assert len(subjects) == 4
    assert all(subject.startswith("A token of acme expires on ") for subject in subjects)
    assert {one.to[0] for one in mail.outbox[-4:]} == {alice.email, bob.email}
    assert "/app/acme/settings/authentication-tokens" in mail.outbox[-1].body
    assert after(71) == []


def test_the_mark_and_the_mail_are_written_together(alice):
    make_token(alice, 40)
    with time_machine.travel(timezone.now() + timedelta(days=20)):
        for number in range(1, 10):
            with fault_at(number) as fault, suppress(OperationalError):
                expiry.tell_in_time()
            assert ApiToken.objects.get().expiry_told == (None if fault.struck else 30)
            if not fault.struck:
                break

    assert number == 3  # the mark and the mail


def test_an_expired_token_is_kept_for_30_days_and_then_goes_away(alice):
    found("acme", alice)
    make_token(alice, 10)
    organization_tokens.replace(
        alice.memberships.get().organization,
        OrganizationToken.Kind.OWNERS,
        expires_at=timezone.now() + timedelta(days=10),
        verified=False,
        actor=Actor.command(),
    )
    token_of(alice, description="for ever")
    left = {}
    for day in (11, 39, 41):
        with time_machine.travel(timezone.now() + timedelta(days=day)):
            housekeeping.tidy()
        left[day] = (ApiToken.objects.count(), OrganizationToken.objects.count())

    assert left == {11: (2, 1), 39: (2, 1), 41: (1, 0)}
