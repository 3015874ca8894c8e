"""Fail at the n-th write: each operation is broken once at each of its writes; it leaves all or nothing."""

import pytest

from accounts.factors.backup_codes.models import BackupCode
from accounts.factors.totp.models import TOTPDevice
from accounts.models import AuditEvent, Session
from tests.support import operations, operations_of_organizations, operations_of_policy
from tests.support.database import empty_tables
from tests.support.faults import fault_at
from tests.support.invariants import broken

pytestmark = pytest.mark.django_db(transaction=True)
MOST_WRITES = 60
OPERATIONS = [
    *operations.OPERATIONS,
    *operations_of_organizations.OPERATIONS,
    *operations_of_policy.OPERATIONS,
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.__name__)
def test_f23_all_or_nothing_at_each_write(operation):
    for number in range(1, MOST_WRITES):
        empty_tables()  # the budgets, too: all of them come from one address
        scene = operation()
        last = AuditEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0
        was_done = scene.is_done()

        with fault_at(number) as fault:
            response = scene.act()

        recorded = AuditEvent.objects.filter(id__gt=last, event=scene.event).count()
        where = f"write {number} of {operation.__name__}: {fault.statement}"
        assert not was_done
        assert broken() == [], where
        assert recorded == (scene.events if scene.is_done() else 0), where
        if response.status_code < 400:
            assert scene.is_done(), f"{where} was answered with {response.status_code}"
        if not fault.struck:
            assert response.status_code < 400
            assert number > 1, "nothing was written: this test broke nothing"
            return
    pytest.fail(f"more than {MOST_WRITES} writes")


def test_a_level_is_found_whole_or_not_at_all():
    for number in range(1, MOST_WRITES):
        empty_tables()
        scene = operations_of_policy.find_a_level()

        with fault_at(number) as fault:
            scene.act()

        found_it = scene.is_done()
        assert (broken() == []) is found_it, f"write {number}: {fault.statement}"
        if not fault.struck:
            assert found_it
            return
    pytest.fail(f"more than {MOST_WRITES} writes")


@pytest.mark.parametrize("operation", [operations.login, operations.login_with_recovery_code])
def test_tf4_i4_no_session_without_its_consumption(operation):
    for number in range(1, MOST_WRITES):
        empty_tables()
        scene = operation()
        user = scene.user

        with fault_at(number) as fault:
            scene.act()

        logins = Session.objects.filter(user=user, created_at__gt=user.two_factor_enabled_at)
        by_app = TOTPDevice.objects.filter(user=user, last_used_at__isnull=False)
        by_paper = BackupCode.objects.filter(code_set__user=user, used_at__isnull=False)
        assert logins.count() == by_app.count() + by_paper.count(), f"write {number}: {fault.statement}"
        if not fault.struck:
            assert logins.count() == 1
            return
    pytest.fail(f"more than {MOST_WRITES} writes")
