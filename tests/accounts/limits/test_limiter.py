from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from accounts.exceptions import DecryptionFailed, RateLimited
from accounts.limits import Budget, attempt, reserve
from accounts.models import RateLimit

pytestmark = pytest.mark.django_db(transaction=True)

THREE = Budget("three", (3, 60), (5, 3600))
OTHER = Budget("other", (1, 60))


def test_refuses_what_is_over_the_budget_and_says_for_how_long():
    for _ in range(3):
        reserve((THREE, "alice"))

    with pytest.raises(RateLimited) as refused:
        reserve((THREE, "alice"))
    assert 55 <= refused.value.retry_after <= 60


def test_counts_each_subject_for_itself():
    for _ in range(3):
        reserve((THREE, "alice"))

    reserve((THREE, "bob"))


def test_a_refused_attempt_writes_nothing():
    reserve((THREE, "alice"), (OTHER, "alice"))
    before = list(RateLimit.objects.order_by("key").values())

    with pytest.raises(RateLimited):
        reserve((THREE, "alice"), (OTHER, "alice"))

    assert list(RateLimit.objects.order_by("key").values()) == before


def test_the_window_closes_and_the_longer_one_goes_on():
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(3):
            reserve((THREE, "alice"))
        clock.shift(61)
        reserve((THREE, "alice"))
        reserve((THREE, "alice"))

        with pytest.raises(RateLimited) as refused:  # five within the hour
            reserve((THREE, "alice"))
        assert refused.value.retry_after == 3600 - 61


def test_success_gives_back_its_own_attempt_and_no_other():
    reserve((THREE, "alice"))
    spent = reserve((THREE, "alice"))

    spent.succeeded()

    assert set(RateLimit.objects.values_list("count", flat=True)) == {1}


def test_nothing_is_given_back_to_a_later_window():
    with time_machine.travel(timezone.now(), tick=False) as clock:
        spent = reserve((OTHER, "alice"))
        clock.shift(timedelta(seconds=61))
        reserve((OTHER, "alice"))
        spent.succeeded()

    assert RateLimit.objects.get(key__startswith="other").count == 1


def test_giving_back_twice_never_goes_below_zero():
    spent = reserve((OTHER, "alice"))

    spent.succeeded()
    spent.succeeded()

    assert RateLimit.objects.get(key__startswith="other").count == 0


def test_an_attempt_stays_spent_whatever_happens_inside():
    with attempt((THREE, "alice")):
        pass
    with pytest.raises(KeyError), attempt((THREE, "alice")), transaction.atomic():
        raise KeyError

    assert set(RateLimit.objects.values_list("count", flat=True)) == {2}


def test_a_success_is_given_back_with_its_transaction_or_not_at_all():
    with attempt((THREE, "alice")) as made, transaction.atomic():
        made.succeeded()
        transaction.set_rollback(True)
    with attempt((THREE, "alice")) as made, transaction.atomic():
        made.succeeded()

    assert set(RateLimit.objects.values_list("count", flat=True)) == {1}


def test_what_a_wrong_key_can_not_open_was_no_guess():
    with pytest.raises(DecryptionFailed), attempt((OTHER, "alice")), transaction.atomic():
        raise DecryptionFailed("no entry of ENCRYPTION_KEYS opens it")

    assert RateLimit.objects.get(key__startswith="other").count == 0
