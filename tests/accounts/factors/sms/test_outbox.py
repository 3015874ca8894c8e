"""Texts in the outbox: none waits for mails, none goes out twice (R38)."""

from datetime import timedelta

import pytest
import time_machine
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.utils import timezone

from accounts.audit import Actor
from accounts.factors.sms.backends.locmem import outbox
from accounts.models import OutboxMessage
from accounts.outbox import delivery as messages
from accounts.outbox import enqueue_message, left_for_later, notify_address, queue
from tests.support.mails import send_by
from tests.support.people import make_user

pytestmark = pytest.mark.django_db(transaction=True)

TO = "+12025550143"


class Away(EmailBackend):
    def send_messages(self, mails):
        raise ConnectionRefusedError


def write_mails(user, count):
    """As a request leaves them that could not send."""
    with left_for_later(), transaction.atomic():
        for _ in range(count):
            notify_address(user.email, "account_deactivated", user=user, actor=Actor.command(), reason="")


def write_text():
    with left_for_later(), transaction.atomic():
        content = {"message_id": 0, "to": TO, "body": "a code"}
        enqueue_message("text", content, timedelta(minutes=5))


def test_texts_leave_while_the_mail_server_is_away(settings, mailoutbox):
    send_by(f"{__name__}.Away", settings)
    write_mails(make_user("alice"), messages.FAILURES_IN_A_ROW + 1)
    write_text()

    messages.send_due()

    assert [text.to for text in outbox] == [TO]
    assert OutboxMessage.objects.filter(kind="mail", sent_at=None).count() == messages.FAILURES_IN_A_ROW + 1


def test_texts_go_before_mails_that_were_there_first(settings, mailoutbox):
    seen = []
    send_by(f"{__name__}.Noting", settings)
    Noting.seen = seen
    write_mails(make_user("alice"), 2)
    write_text()

    messages.send_due()

    assert seen == [1, 1]


class Noting(EmailBackend):
    """Notes how many texts had left when a mail came."""

    seen: list

    def send_messages(self, mails):
        Noting.seen.append(len(outbox))


def test_r38_a_text_is_not_repeated_by_who_was_asleep_between_claim_and_sending(monkeypatch):
    write_text()
    opened = queue.opened

    def fall_asleep(message):
        """The process that claimed it stands still for longer than its claim; another one sends it."""
        monkeypatch.undo()
        with time_machine.travel(timezone.now() + messages.CLAIM + timedelta(seconds=1)):
            messages.send_due()
        return opened(message)

    monkeypatch.setattr(messages, "opened", fall_asleep)
    messages.send_due()

    assert [text.to for text in outbox] == [TO]
    assert OutboxMessage.objects.get().attempts == 1
