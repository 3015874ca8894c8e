"""`run_due_work`: what fails is named, and stops nothing else."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts import outbox
from accounts.audit import Actor
from accounts.management import due_work
from accounts.models import OutboxMessage, RateLimit
from accounts.outbox.delivery import audiences
from tests.support.mails import subjects

pytestmark = pytest.mark.django_db(transaction=True)


def leave(user, name="password_changed"):
    with outbox.left_for_later():
        outbox.notify_address(user.email, name, user=user, actor=Actor.command())
    return OutboxMessage.objects.latest("pk")


def break_content(message):
    OutboxMessage.objects.filter(pk=message.pk).update(sealed="this opens with no key")


def test_sf12_due_work_sends_what_stands_behind_rows_that_can_not_be_opened(alice, bob, mailoutbox, caplog):
    for _ in range(7):
        break_content(leave(alice))
    leave(bob)

    call_command("run_due_work")

    assert subjects(mailoutbox, bob.email) == ["Your password was changed"]
    assert OutboxMessage.objects.filter(sent_at=None, attempts=1).count() == 7
    assert "DecryptionFailed in " in caplog.text


def test_sf12_due_work_finishes_a_broadcast_though_one_reader_can_not_be_told(bob, mailoutbox, caplog):
    class Broken:
        pk = 1

        @property
        def email(self):
            raise ZeroDivisionError

    audiences.register("tests.readers", lambda key, after, limit: [Broken(), bob])
    try:
        with outbox.left_for_later():
            news = {"organization_name": "acme", "kind": "owners"}
            outbox.broadcast("organization_token_created", audience="tests.readers", key="", **news)
        call_command("run_due_work")
    finally:
        del audiences["tests.readers"]

    assert len([mail for mail in mailoutbox if mail.to == [bob.email]]) == 1
    assert "ZeroDivisionError in " in caplog.text


def test_sf12_due_work_runs_the_steps_behind_one_that_fails_and_says_so(alice, mailoutbox, caplog):
    leave(alice)
    RateLimit.objects.create(key="x:over", count=1, resets_at=timezone.now() - timedelta(hours=1))
    due_work.steps["announce tokens that expire"] = lambda: 1 / 0
    try:
        with pytest.raises(CommandError, match="announce tokens that expire"):
            call_command("run_due_work")
    finally:
        due_work.steps["announce tokens that expire"] = due_work.STEPS["announce tokens that expire"]

    assert subjects(mailoutbox, alice.email) == ["Your password was changed"]
    assert not RateLimit.objects.filter(key="x:over").exists()
    assert "could not announce tokens that expire: ZeroDivisionError in " in caplog.text


def test_sf12_due_work_goes_on_behind_a_table_that_is_gone(alice, mailoutbox):
    leave(alice)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_rememberedbrowser RENAME TO away")
    try:
        with pytest.raises(CommandError, match="delete remembered browsers that ended"):
            call_command("run_due_work")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO accounts_rememberedbrowser")

    assert subjects(mailoutbox, alice.email) == ["Your password was changed"]
