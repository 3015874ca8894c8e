"""What housekeeping, the outbox and the admin site touch, beside 1,000 and 100,000 of everything.

Counted in blocks of 8 kB by PostgreSQL itself, in real transactions. A look at an index touches two to four;
a table of the large size has thousands.
"""

from functools import partial

import pytest
from django.apps import apps
from django.contrib.admin import site as admin_site
from django.test import RequestFactory

from accounts.management import due_work
from accounts.models import OutboxMessage, User
from accounts.outbox import counts, delivery, queue
from accounts.outbox.walk import Walk
from tests.accounts.growth.crowd import FEW, blocks, clear, execute, fill

pytestmark = [pytest.mark.planner, pytest.mark.django_db]


@pytest.fixture(scope="module", params=[1_000, 100_000])
def crowd(request, django_db_setup, django_db_blocker):
    """So many of everything, in real transactions: what is counted has to be committed."""
    with django_db_blocker.unblock():
        fill(request.param)
        try:
            yield request.param
        finally:
            clear()


@pytest.fixture
def _django_db_helper(crowd):
    """In place of pytest-django's: no transaction around a test, and no rows deleted after it."""


# ---------------------------------------------------------------- housekeeping


@pytest.mark.parametrize("name", due_work.in_turn())
def test_a_step_with_nothing_to_do_looks_at_indexes_only(crowd, name):
    work = due_work.steps[name].work
    assert not work()  # what the first one marks, the next ones pass over

    assert blocks(work) <= 120


SOME = f"(SELECT id FROM accounts_user WHERE username LIKE 'm0002%' ORDER BY id LIMIT {FEW})"
OTHERS = SOME.replace("m0002", "m0003")
WORK = {
    "ended sessions deleted": f"""
        UPDATE accounts_session SET expires_at = now() - interval '1 day' WHERE user_id IN {SOME}""",
    "sessions and browsers of former stamps deleted": f"""
        UPDATE accounts_user SET security_stamp = 'new', stamp_is_new = true WHERE id IN {OTHERS}""",
    "remembered browsers deleted": f"""
        UPDATE accounts_rememberedbrowser SET expires_at = now() - interval '1 day'
        WHERE user_id IN {SOME}""",
    "counters deleted": f"""
        UPDATE accounts_ratelimit SET resets_at = now() - interval '1 day'
        WHERE key IN (SELECT 'k' || id FROM accounts_user WHERE id IN {SOME})""",
    "expired tokens deleted": f"""
        UPDATE accounts_apitoken SET expires_at = now() - interval '40 days' WHERE owner_id IN {SOME}""",
    "unfinished set-ups deleted": f"""
        INSERT INTO factor_totp_totpdevice
            (user_id, name, confirmed, created_at, failures, sealed_secret, last_step)
        SELECT id, 'x', false, now() - interval '1 day', 0, 'x', 0 FROM accounts_user WHERE id IN {SOME}""",
    "late messages wiped": f"""
        INSERT INTO accounts_outboxmessage
            (kind, audience, key, sealed, cursor, created_at, due_at, expires_at, attempts, last_error)
        SELECT 'mail', '', '', 'x', 0, now(), now() + interval '50 minutes', now() - interval '1 hour', 0, ''
        FROM generate_series(1, {FEW})""",
    "old messages deleted": f"""
        INSERT INTO accounts_outboxmessage
            (kind, audience, key, sealed, cursor, created_at, due_at, expires_at, attempts, sent_at,
            last_error)
        SELECT 'mail', '', '', '', 0, now(), now(), now() - interval '8 days', 0,
            CASE WHEN mod(n, 2) = 0 THEN now() - interval '9 days' END, ''
        FROM generate_series(1, {FEW}) AS n""",
    "mails that were held back": f"""
        INSERT INTO accounts_mailwindow (reader, name, closes_at, count, held, sealed, audience, key)
        SELECT 'user:' || n, 'y', now() - interval '1 minute', 2, 1, 'x', '', ''
        FROM generate_series(1, {FEW}) AS n""",
    "expired invitations deleted": """
        UPDATE organizations_membership SET expires_at = now() - interval '60 days' WHERE id IN (
            SELECT id FROM organizations_membership WHERE status = 'invited' ORDER BY id LIMIT 20)""",
    "mails about tokens that expire soon": f"""
        UPDATE accounts_apitoken SET expiry_told = NULL, expires_at = now() + interval '20 days'
        WHERE owner_id IN {OTHERS}""",
}  # fmt: skip


@pytest.mark.parametrize("name", WORK)
def test_a_step_touches_as_much_as_it_does(crowd, name):
    execute(WORK[name])
    execute("VACUUM")
    done = []

    touched = blocks(lambda: done.append(due_work.steps[name].work()))

    assert done[0] >= FEW
    assert touched <= 150 * FEW, touched
    OutboxMessage.objects.filter(sealed="x", due_at__lte=queue.timezone.now()).delete()


# ---------------------------------------------------------------- the outbox


@pytest.fixture
def many_due(crowd):
    """All that waits is due, and one of a kind that somebody waits for behind it."""
    execute("UPDATE accounts_outboxmessage SET due_at = now() - id * interval '1 ms' WHERE sealed <> ''")
    row = OutboxMessage.objects.create(
        kind="text", sealed="x", expires_at=queue.timezone.now() + queue.LONGEST_WAIT
    )
    execute("VACUUM ANALYZE accounts_outboxmessage")
    yield row
    row.delete()
    execute("UPDATE accounts_outboxmessage SET due_at = now() + interval '50 minutes' WHERE sealed <> ''")
    execute("VACUUM ANALYZE accounts_outboxmessage")


def test_a_hundred_mails_cost_the_same_however_many_are_due(many_due):
    walk, steps = Walk(), []

    touched = [blocks(lambda: steps.append(walk.step(100))) for _ in range(9)]

    assert steps[0] == [(many_due.pk, "text")]
    assert all(len(rows) == 100 for rows in steps[1:])
    assert max(touched) <= 250, touched


def test_who_is_away_keeps_nobody_from_the_others(many_due):
    walk = Walk()

    assert walk.step(100, without={"mail"}) == [(many_due.pk, "text")]
    assert blocks(lambda: walk.step(100, without={"mail"})) <= 30


def test_a_mail_costs_the_same_however_many_are_due(many_due):
    rows = (
        Walk().step(100)[:0] or OutboxMessage.objects.filter(kind="mail", sealed="x").values_list("pk")[:20]
    )
    keys = [key for (key,) in rows]

    touched = blocks(lambda: [delivery.deliver(key) for key in keys])

    assert touched <= 60 * len(keys), touched


def test_the_figures_of_the_outbox_read_what_waits(crowd):
    execute("UPDATE accounts_outboxmessage SET sealed = '' WHERE sealed = 'x'")
    execute("VACUUM ANALYZE accounts_outboxmessage")
    try:
        assert blocks(lambda: list(counts.figures())) <= 20
    finally:
        execute("UPDATE accounts_outboxmessage SET sealed = 'x' WHERE sent_at IS NULL AND expires_at > now()")
        execute("VACUUM ANALYZE accounts_outboxmessage")


# ---------------------------------------------------------------- the admin site

EVENTS = ("login.succeeded", "account.deactivated", "account.created")
LISTS = [
    ("accounts.User", {}),
    *(
        ("accounts.User", {name: value})
        for name, values in {
            "is_active__exact": "01",
            "is_staff__exact": "01",
            "two_factor_enabled_at__isempty": "01",
            "email_confirmed_at__isempty": "01",
        }.items()
        for value in values
    ),
    ("accounts.User", {"is_active__exact": "0", "is_staff__exact": "1"}),
    ("accounts.User", {"o": "-0"}),
    *(("accounts.User", {"q": q}) for q in ("m000500", "M0005", "m77@exam", "next7@", "nobody")),
    ("accounts.AuditEvent", {}),
    ("accounts.AuditEvent", {"p": "19"}),
    *(("accounts.AuditEvent", {"door": door}) for door in ("html", "api", "admin", "command", "breaker")),
    *(("accounts.AuditEvent", {"event": event}) for event in EVENTS),
    *(("accounts.AuditEvent", {"q": q}) for q in ("m000500", "user:m000500", "root", "nobody")),
    ("organizations.Organization", {}),
    ("organizations.Organization", {"collaborator_auth_policy__exact": "two_factor_mandatory"}),
    *(("organizations.Organization", {"q": q}) for q in ("acme", "o77", "nothing")),
    ("organizations.Membership", {}),
    ("organizations.Membership", {"status__exact": "invited"}),
    ("organizations.Membership", {"is_owner__exact": "1"}),
    ("organizations.Membership", {"two_factor_enabled__exact": "0", "status__exact": "active"}),
    *(("organizations.Membership", {"q": q}) for q in ("m000500", "m77@exam", "x500@", "nobody")),
    ("factor_sms.Destination", {}),
    ("factor_sms.Destination", {"purpose__exact": "login"}),
]  # fmt: skip


def shown(model, query):
    request = RequestFactory().get("/", query)
    request.user = User(is_active=True, is_staff=True, is_superuser=True)
    admin = admin_site.get_model_admin(apps.get_model(model))
    return list(admin.get_changelist_instance(request).result_list)


@pytest.mark.parametrize(("model", "query"), LISTS, ids=str)
def test_a_list_of_the_admin_site(crowd, model, query):
    """With its short count, to the thousand-and-first row, and fifty rows with what they name."""
    assert blocks(partial(shown, model, query)) <= 1_000


@pytest.mark.parametrize("model", ["accounts.User", "accounts.AuditEvent", "organizations.Membership"])
def test_a_search_that_everybody_matches_goes_as_far_as_pages_lead(crowd, model):
    """A thousand rows for each part of it, and each with what the index says where it is."""
    assert blocks(partial(shown, model, {"q": "m"})) <= 30_000


@pytest.mark.parametrize("o", ["1", "-2", "3.1"])
@pytest.mark.parametrize("model", ["accounts.User", "accounts.AuditEvent", "organizations.Membership"])
def test_no_list_is_sorted_by_what_no_index_has(crowd, model, o):
    """Of these columns none is; an address can ask for it, though no link does."""
    assert blocks(partial(shown, model, {"o": o})) <= 1_000
