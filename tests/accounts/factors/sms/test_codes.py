"""What ends a texted code (R35), whose it is (R36), what stays of it (R40), who hears of the last (R37)."""

import logging

from django.core.management import call_command

from accounts.factors.sms.backends.locmem import outbox
from accounts.factors.sms.models import SMSDevice, TextMessage
from tests.accounts.factors.sms.conftest import enrol_phone, newest_code, time_passes
from tests.accounts.factors.sms.logging_in import answer, ask, is_in


def digests():
    return [message.digest for message in TextMessage.objects.order_by("pk")]


def test_tf4_r40_who_has_the_database_alone_can_not_tell_a_code(sam, settings):
    """Under another key even the right code looks wrong, so a copy of the table can't be tried."""
    client = ask(sam)
    code = newest_code()
    right_keys, settings.ENCRYPTION_KEYS = (
        settings.ENCRYPTION_KEYS,
        ["another key, which has enough characters"],
    )

    answer(client, code)

    assert not is_in(client)
    settings.ENCRYPTION_KEYS = right_keys
    answer(client, code)
    assert is_in(client)


def test_tf4_r40_a_code_is_erased_with_its_use(sam):
    client = ask(sam)
    assert digests()[-1]

    answer(client, newest_code())

    assert is_in(client)
    assert digests()[-1] == ""


def test_tf4_r40_a_code_that_nobody_used_is_erased_when_it_has_expired(clock, sam):
    ask(sam)
    call_command("run_due_work")
    assert digests()[-1]

    clock.shift(5 * 60 + 1)
    call_command("run_due_work")

    assert set(digests()) == {""}


def test_tf4_r35_a_code_dies_with_the_next_text_also_where_it_was_asked_for(sam):
    first = ask(sam)
    code = newest_code()
    time_passes()
    ask(sam)
    assert len(outbox) == 2

    answer(first, code)

    assert not is_in(first)


def test_r35_a_code_dies_with_the_next_text_also_where_that_is_for_something_else(sam):
    signed_in = ask(sam)
    answer(signed_in, newest_code())
    time_passes()
    first = ask(sam)
    code = newest_code()
    time_passes()
    before = len(outbox)
    signed_in.post("/session/two-factor-send-sms")
    assert len(outbox) == before + 1

    answer(first, code)

    assert not is_in(first)


def test_tf4_r37_the_last_text_of_the_hour_sounds_the_alarm(sam, settings, caplog):
    settings.SMS_HOURLY_BUDGET = 1

    ask(sam)

    [alarm] = [record.message for record in caplog.records if record.levelno >= logging.ERROR]
    assert alarm.startswith("The hourly budget of text messages (SMS_HOURLY_BUDGET) is used up")


def test_tf4_r36_the_newest_text_is_of_no_use_to_who_asked_before(sam):
    first = ask(sam)
    time_passes()
    second = ask(sam)

    answer(first, newest_code())
    assert not is_in(first)

    answer(second, newest_code())
    assert is_in(second)


def test_r36_a_digest_that_was_moved_to_the_text_of_somebody_else_opens_nothing(sam, mallory):
    enrol_phone(mallory, number="(202) 555-0177")
    time_passes()
    thief = ask(mallory)
    code = newest_code()
    moved = TextMessage.objects.get(user=mallory, used_at=None).digest
    victim = ask(sam)
    TextMessage.objects.filter(user=sam, used_at=None).update(digest=moved)

    answer(victim, code)
    assert not is_in(victim)

    answer(thief, code)
    assert is_in(thief)


def test_r19_no_text_goes_to_a_number_that_was_copied_from_another_account(sam, mallory):
    enrol_phone(mallory, number="(202) 555-0177")
    time_passes()
    outbox.clear()
    copied = SMSDevice.objects.get(user=mallory).sealed_number
    SMSDevice.objects.filter(user=sam).update(sealed_number=copied)

    ask(sam)

    assert outbox == []
