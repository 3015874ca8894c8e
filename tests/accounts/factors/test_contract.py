"""One contract for every registered factor: what logging in and enrolling rely on."""

import base64
import json
import re
from contextlib import suppress
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.exceptions import DecryptionFailed
from accounts.factors.base import MOST_FAILURES
from accounts.factors.sms import factor as sms
from accounts.factors.sms.models import SMSDevice
from accounts.factors.totp import factor as totp
from accounts.factors.totp.models import TOTPDevice
from accounts.management.checks.methods import WORD
from accounts.models import Session
from accounts.models.methods import LONGEST_METHOD, PASSWORD
from tests.support.factor_answers import all_factors, begin, enrol_device, verify

NASTY = [
    "",
    " ",
    "0",
    "abcdef",
    "١٢٣٤٥٦",
    "１２３４５６",
    "12345²",
    "+12345",
    "1_2_3_4",
    "\x00" * 6,
    "\ud800",
    "9" * 100_000,
]


@pytest.fixture(params=all_factors(), ids=lambda factor: factor.slug)
def factor(request):
    return request.param


@pytest.fixture(autouse=True)
def inside_a_transaction(transactional_db):
    """The verbs call factors under the user's lock."""
    with transaction.atomic():
        yield


def test_d45_its_slug_is_a_word_that_rows_can_keep_and_nothing_else_has(factor):
    assert re.fullmatch(WORD, factor.slug)
    assert 0 < len(factor.slug) <= LONGEST_METHOD
    assert factor.slug not in (PASSWORD, Session.REMEMBERED)
    assert [other.slug for other in all_factors()].count(factor.slug) == 1


def test_state_can_be_remembered(factor, alice):
    state = begin(factor, alice)

    assert json.loads(json.dumps(state)) == state


def test_unconfirmed_device_counts_for_nothing(factor, alice):
    begin(factor, alice)

    assert factor.device_of(alice) is None


def test_confirmed_device_is_the_users(factor, alice, bob):
    device, _be_asked = enrol_device(factor, alice)

    assert factor.device_of(alice) == device
    assert factor.device_of(bob) is None


def test_right_answer_returns_the_device_once(factor, alice):
    device, be_asked = enrol_device(factor, alice)
    answer, state = be_asked()

    assert verify(factor, alice, answer, state) == device
    assert verify(factor, alice, answer, state) is None


def test_right_answer_of_somebody_else_is_wrong(factor, alice, bob):
    _device, alice_is_asked = enrol_device(factor, alice)
    _device, bob_is_asked = enrol_device(factor, bob)
    answer, alices_state = alice_is_asked()
    _answer, bobs_state = bob_is_asked()

    assert verify(factor, bob, answer, bobs_state) is None
    assert verify(factor, bob, answer, alices_state) is None


@pytest.mark.parametrize("answer", NASTY, ids=range(len(NASTY)))
def test_wrong_answer_is_none_and_never_raises(factor, alice, answer):
    _device, be_asked = enrol_device(factor, alice)
    _answer, state = be_asked()

    assert verify(factor, alice, answer, state) is None
    assert verify(factor, alice, answer, {}) is None
    assert factor.is_repeat(alice, answer, state) is False


@pytest.mark.parametrize("answer", NASTY, ids=range(len(NASTY)))
def test_explaining_never_raises_and_writes_nothing(factor, alice, answer):
    _device, be_asked = enrol_device(factor, alice)
    right, state = be_asked()
    enrolling = begin(factor, alice)

    with CaptureQueriesContext(connection) as queries:
        for typed in (answer, right):
            assert isinstance(factor.explain_refusal(alice, typed, state), str | None)
            assert isinstance(factor.explain_refusal(alice, typed, {}), str | None)
            assert isinstance(factor.explain_refusal(alice, typed, enrolling, enrolling=True), str | None)

    assert [query["sql"] for query in queries if not query["sql"].startswith("SELECT")] == []
    assert verify(factor, alice, right, state) is not None


def test_knows_the_shape_of_its_answers(factor, alice):
    _device, be_asked = enrol_device(factor, alice)
    right, _state = be_asked()

    assert factor.has_shape(right)
    assert not any(factor.has_shape(answer) for answer in NASTY)
    assert not any(other.has_shape(right) for other in all_factors() if other.is_backup != factor.is_backup)


def test_a_device_that_was_set_aside_verifies_nothing_and_stays_the_users(factor, alice):
    device, be_asked = enrol_device(factor, alice)
    right, state = be_asked()
    if factor.is_backup:
        assert not any(factor.count_failure(alice) for _ in range(MOST_FAILURES + 1))
        assert verify(factor, alice, right, state) == device
        return
    assert [factor.count_failure(alice) for _ in range(MOST_FAILURES)] == [False] * 99 + [True]

    assert verify(factor, alice, right, state) is None
    assert factor.is_repeat(alice, right, state) is False
    assert factor.count_failure(alice) is False
    assert factor.device_of(alice) == device
    assert factor.is_set_aside(alice, {})
    new, be_asked_again = enrol_device(factor, alice)
    right, state = be_asked_again()
    assert verify(factor, alice, right, state) == new


def test_success_begins_the_count_of_failures_anew(factor, alice):
    _device, be_asked = enrol_device(factor, alice)
    factor.count_failure(alice)
    right, state = be_asked()

    assert verify(factor, alice, right, state) is not None
    assert factor.device_of(alice).failures == 0


def test_wrong_answer_confirms_nothing(factor, alice):
    if factor.is_backup:
        return  # comes with a device that was proved, and asks nothing
    state = begin(factor, alice)

    for answer in ("wrong", "000000", "271828"):  # the last two are right once in a million times
        assert factor.complete_enrolment(alice, answer, state) is None
        assert factor.device_of(alice) is None


def test_describing_writes_nothing_and_says_the_same_again(factor, alice):
    state = begin(factor, alice)

    with CaptureQueriesContext(connection) as queries:
        first = factor.describe(alice, state, enrolling=True)
        again = factor.describe(alice, state, enrolling=True)

    assert first == again
    assert [query["sql"] for query in queries if not query["sql"].startswith("SELECT")] == []


def test_new_device_takes_the_place_of_the_old_one(factor, alice):
    old, be_asked = enrol_device(factor, alice)
    stolen, state = be_asked()
    new, _be_asked = enrol_device(factor, alice)

    assert factor.device_of(alice) == new != old
    assert verify(factor, alice, stolen, state) is None


def test_discarded_enrolment_can_not_be_completed(factor, alice):
    state = begin(factor, alice)

    assert factor.discard(alice, state) is True
    assert factor.discard(alice, state) is False
    assert factor.is_pending(alice, state) is False


def test_discarding_never_touches_a_confirmed_device(factor, alice):
    device, _be_asked = enrol_device(factor, alice)

    assert factor.discard(alice, {"device_id": device.pk}) is False
    assert factor.device_of(alice) == device


def test_stale_enrolments_go_and_young_ones_stay(factor, alice, bob):
    old = begin(factor, alice)
    young = begin(factor, bob)
    factor.device_model.objects.filter(user=alice).update(created_at=timezone.now() - timedelta(minutes=31))

    assert factor.discard_stale() == 1
    assert factor.is_pending(alice, old) is False
    assert factor.is_pending(bob, young) is True


def models_of(factor):
    return apps.get_app_config(factor.device_model._meta.app_label).get_models()


def secrets_of(factor, user, answer):
    """What the holder keeps secret: the answer, all codes, the key, the number; as they may be written."""
    yield answer.replace("-", "")
    if factor.is_backup:
        codes = factor.reveal(user)
        assert len(codes) == 10
        yield from (spelling for code in codes for spelling in (code, code.replace("-", "")))
    device = factor.device_of(user)
    if isinstance(device, TOTPDevice):
        key = totp.secret_of(device)
        yield from (key.hex(), base64.b32encode(key).decode(), base64.b64encode(key).decode())
    if isinstance(device, SMSDevice):
        yield from (sms.number_of(device), sms.number_of(device)[-7:])


def test_nothing_secret_is_stored_in_clear(factor, alice):
    _device, be_asked = enrol_device(factor, alice)
    answer, _state = be_asked()

    stored = json.dumps([list(model.objects.values()) for model in models_of(factor)], default=str).upper()
    for secret in secrets_of(factor, alice, answer):
        assert secret.upper() not in stored


def test_a_wrong_key_verifies_nothing_and_raises_the_alarm(factor, alice, settings, caplog):
    """F20, whatever the factor."""
    _device, be_asked = enrol_device(factor, alice)
    answer, state = be_asked()
    settings.ENCRYPTION_KEYS = ["another key, as after a wrong restore of the server"]

    with pytest.raises(DecryptionFailed):
        verify(factor, alice, answer, state)
    with suppress(DecryptionFailed):
        factor.challenge(alice, {"purpose": "login"})
    assert "CRITICAL" in {record.levelname for record in caplog.records}
