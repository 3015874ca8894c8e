from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from accounts.exceptions import DecryptionFailed, RateLimited
from accounts.limits import Budget, Ceiling, attempt, reserve
from accounts.models import RateLimit
from tests.support.statements import sent, statements

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


# ---------------------------------------------------------------- budgets of successes

SUCCESSES = Budget("successes", (2, 60), of_successes=True)


def count_of(name):
    return sum(RateLimit.objects.filter(key__startswith=f"{name}:").values_list("count", flat=True))


def test_sf5_a_budget_of_successes_is_spent_by_success_only():
    for _ in range(2):
        reserve((SUCCESSES, "alice"), (OTHER, "alice")).succeeded()
    assert (count_of("successes"), count_of("other")) == (2, 0)

    with pytest.raises(RateLimited) as refused:
        reserve((SUCCESSES, "alice"), (OTHER, "alice"))

    assert 55 <= refused.value.retry_after <= 60
    assert (count_of("successes"), count_of("other")) == (2, 0)
    reserve((SUCCESSES, "bob"))


def test_sf5_failures_spend_no_budget_of_successes():
    for _ in range(3):
        reserve((SUCCESSES, "alice"))

    assert count_of("successes") == 0


def test_sf5_successes_open_a_new_window_when_the_last_one_has_closed():
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(2):
            reserve((SUCCESSES, "alice")).succeeded()
        clock.shift(61)
        reserve((SUCCESSES, "alice")).succeeded()

    assert count_of("successes") == 1


def test_sf5_a_success_that_comes_after_its_window_is_counted_in_the_next_one():
    with time_machine.travel(timezone.now(), tick=False) as clock:
        slow = reserve((SUCCESSES, "alice"))
        clock.shift(61)
        reserve((SUCCESSES, "alice")).succeeded()
        slow.succeeded()

    assert count_of("successes") == 2


def test_sf5_an_attempt_that_was_none_is_no_success():
    with (
        pytest.raises(DecryptionFailed),
        attempt((SUCCESSES, "alice"), (OTHER, "alice")),
        transaction.atomic(),
    ):
        raise DecryptionFailed("no entry of ENCRYPTION_KEYS opens it")

    assert (count_of("successes"), count_of("other")) == (0, 0)


def test_sf5_checking_and_spending_take_one_statement_each():
    with sent() as queries:
        spent = reserve((SUCCESSES, "alice"), (THREE, "alice"))
    assert len(statements(queries)) == 1

    with transaction.atomic(), sent() as queries:
        spent.succeeded()
    assert len(statements(queries)) == 1


# ---------------------------------------------------------------- clocks that jump

DAY = 86_400


def test_d43_a_window_from_a_clock_that_was_a_day_ahead_lasts_its_length():
    with time_machine.travel(timezone.now(), tick=False) as clock:
        clock.shift(DAY)
        reserve((OTHER, "alice"))
        clock.shift(-DAY)
        for waited in (0, 20, 20):
            clock.shift(waited)
            with pytest.raises(RateLimited) as refused:
                reserve((OTHER, "alice"))
            assert refused.value.retry_after <= 60
        assert refused.value.retry_after == 20
        clock.shift(20)

        reserve((OTHER, "alice"))


def test_d43_also_where_the_budget_is_not_used_up():
    with time_machine.travel(timezone.now(), tick=False) as clock:
        clock.shift(DAY)
        reserve((THREE, "alice"))
        clock.shift(-DAY)
        reserve((THREE, "alice"))
        reserve((THREE, "alice"))
        with pytest.raises(RateLimited) as refused:
            reserve((THREE, "alice"))
        assert refused.value.retry_after == 60
        clock.shift(60)

        reserve((THREE, "alice"))


def test_tf4_d43_also_where_it_never_is():
    with time_machine.travel(timezone.now(), tick=False) as clock:
        clock.shift(DAY)
        reserve((THREE, "alice"))
        clock.shift(-DAY)
        reserve((THREE, "alice"))
        clock.shift(60)

        for _ in range(3):
            reserve((THREE, "alice"))


def test_d43_a_clock_that_goes_back_reopens_no_window_that_is_used_up():
    with time_machine.travel(timezone.now(), tick=False) as clock:
        reserve((OTHER, "alice"))
        clock.shift(-DAY)
        with pytest.raises(RateLimited):
            reserve((OTHER, "alice"))
        clock.shift(59)
        with pytest.raises(RateLimited):
            reserve((OTHER, "alice"))
        clock.shift(1)

        reserve((OTHER, "alice"))


def test_d43_a_success_is_given_back_to_a_window_that_was_shortened():
    with time_machine.travel(timezone.now(), tick=False) as clock:
        spent = reserve((THREE, "alice"))
        clock.shift(-10)
        reserve((THREE, "alice"))
        spent.succeeded()

    assert set(RateLimit.objects.values_list("count", flat=True)) == {1}


# ---------------------------------------------------------------- ceilings

ALL = Ceiling("all", (3, DAY))
ONE_EACH = Budget("each", (2, DAY), above={"all": 1})


def mail(source):
    reserve((ALL, "mailbox"), (ONE_EACH, f"mailbox:{source}"))


def test_sf6_a_ceiling_refuses_nobody_who_has_not_had_a_turn():
    for source in "abc":
        mail(source)
    with pytest.raises(RateLimited):
        mail("a")

    for source in "defgh":
        mail(source)
        with pytest.raises(RateLimited):
            mail(source)


def test_sf6_above_the_ceiling_the_lower_limit_is_that_of_the_shortest_window(clock):
    again = Budget("again", (3, 3600), (3, DAY), above={"all": 1})

    def send(source):
        reserve((ALL, "mailbox"), (again, f"mailbox:{source}"))

    for source in "abc":
        send(source)
    for _ in range(3):
        send("late")
        with pytest.raises(RateLimited) as refused:
            send("late")
        clock.shift(3601)
    assert refused.value.retry_after > 3600  # the window of the day is used up, too
    with pytest.raises(RateLimited):
        send("late")


def test_sf6_below_the_ceiling_each_source_has_its_whole_budget():
    mail("a")
    mail("a")
    with pytest.raises(RateLimited):
        mail("a")
    mail("b")


def test_sf6_a_refusal_above_the_ceiling_writes_nothing():
    for source in "abc":
        mail(source)
    before = list(RateLimit.objects.order_by("key").values())

    with pytest.raises(RateLimited) as refused:
        mail("a")

    assert list(RateLimit.objects.order_by("key").values()) == before
    assert refused.value.retry_after == pytest.approx(DAY, abs=5)


def test_sf6_a_ceiling_is_for_each_subject():
    for source in "abc":
        mail(source)

    for _ in range(2):
        reserve((ALL, "other mailbox"), (ONE_EACH, "other mailbox:a"))
