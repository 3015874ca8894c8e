"""What was right when a request began, and is so no longer when it acts."""

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.audit import Actor
from accounts.models import AuditEvent, RateLimit, Session, User
from accounts.sessions.locks import acting
from accounts.sessions.store import hash_of
from accounts.two_factor import removal
from accounts.users import administration, passwords, registration
from tests.support import environment
from tests.support.people import PASSWORD, TWO_FACTOR, enrol, make_staff, make_user, rights_shown, sign_in
from tests.support.two_factor import SUDO, key_of

pytestmark = pytest.mark.django_db(transaction=True)

DELETE = "/app/settings/profile/delete"
CHANGE = "/app/settings/password"
NEW_PASSWORD = "another good sentence"


def change_password(client):
    response = client.post(CHANGE, {"password": PASSWORD, "new_password": NEW_PASSWORD})
    assert response["Location"] == CHANGE


def assert_thrown_out(response):
    assert response["Location"].startswith("/session?") or response["Location"] == "/session"


def test_an_account_is_not_deleted_by_a_session_that_a_new_password_has_ended(alice, before):
    owner, thief = sign_in(alice), sign_in(alice)
    before(registration, "delete_account", lambda: change_password(owner))

    assert_thrown_out(thief.post(DELETE, {"password": PASSWORD}))

    assert User.objects.filter(pk=alice.pk).exists()
    assert not AuditEvent.objects.filter(event="account.deleted").exists()


def test_an_account_is_not_deleted_by_somebody_who_was_deactivated_meanwhile(alice, before):
    client = sign_in(alice)
    before(registration, "delete_account", lambda: User.objects.update(is_active=False))

    assert_thrown_out(client.post(DELETE, {"password": PASSWORD}))

    assert User.objects.filter(pk=alice.pk).exists()


def prove_later(client):
    """Let the sudo of this browser alone expire."""
    Session.objects.filter(key_hash=hash_of(key_of(client))).update(proved_at=None)


def spent():
    return sum(RateLimit.objects.filter(key__contains=":").values_list("count", flat=True))


def test_a_password_that_was_changed_meanwhile_confirms_nothing_and_is_not_given_back(alice, before):
    owner, thief = sign_in(alice), sign_in(alice)
    before(passwords, "check_hash", lambda: change_password(owner), after=True)
    taken = spent()

    assert_thrown_out(thief.post(DELETE, {"password": PASSWORD}))

    assert User.objects.filter(pk=alice.pk).exists()
    assert spent() > taken


def test_a_password_that_was_changed_meanwhile_grants_no_sudo_and_is_not_given_back(alice, before):
    owner, thief = sign_in(alice), sign_in(alice)
    prove_later(thief)
    before(passwords, "check_hash", lambda: change_password(owner), after=True)
    taken = spent()

    assert_thrown_out(thief.post(SUDO, {"password": PASSWORD}))

    assert not AuditEvent.objects.filter(event="sudo.granted").exists()
    assert spent() > taken


def test_a_password_that_was_changed_meanwhile_is_not_changed_again(alice, before):
    owner, thief = sign_in(alice), sign_in(alice)
    before(passwords, "check_hash", lambda: change_password(owner), after=True)

    assert_thrown_out(thief.post(CHANGE, {"password": PASSWORD, "new_password": "what the thief would like"}))

    alice.refresh_from_db()
    assert alice.check_password(NEW_PASSWORD)


def test_two_factor_is_not_disabled_with_a_password_that_was_changed_meanwhile(alice, before):
    app = enrol(alice)
    owner, thief = sign_in(alice, app), sign_in(alice, app)
    before(removal, "disable", lambda: change_password(owner))

    assert_thrown_out(thief.post(f"{TWO_FACTOR}/disable", {"password": PASSWORD}))

    alice.refresh_from_db()
    assert alice.is_enrolled


# ---------------------------------------------------------------- locks


def test_the_session_that_acts_is_locked_and_not_its_user_who_comes_later_in_the_order(alice):
    sign_in(alice)
    actor = replace(Actor.command(), user=alice, session_id=Session.objects.get().pk)

    with CaptureQueriesContext(connection) as queries, acting(actor):
        pass

    locks = [query["sql"] for query in queries if "FOR NO KEY UPDATE" in query["sql"]]
    # SQLite has one lock for everything, and takes it at BEGIN.
    expected = [] if environment.KIND == "sqlite" else ['OF "accounts_session"']
    assert [sql.rpartition("FOR NO KEY UPDATE ")[2] for sql in locks] == expected


# ---------------------------------------------------------------- site admins


@pytest.fixture
def root(transactional_db):
    return make_user("root", is_staff=True, is_superuser=True)


@pytest.fixture
def other_root(transactional_db):
    return make_user("other-root", is_staff=True, is_superuser=True)


def act(client, user, action, **fields):
    return client.post(f"/admin/accounts/user/{user.pk}/act/{action}/", fields)


def test_of_two_superusers_who_demote_each_other_at_once_one_remains(root, other_root, before):
    first, second = sign_in(root, enrol(root)), sign_in(other_root, enrol(other_root))
    fields = {"is_staff": "on", "reason": "x", **rights_shown(root)}
    before(administration, "acting", lambda: act(second, root, "rights", **fields))

    assert act(first, other_root, "rights", **fields).status_code == 422

    assert [user.username for user in User.objects.filter(is_superuser=True)] == ["other-root"]


def test_of_two_superusers_who_deactivate_each_other_at_once_one_remains(root, other_root, before):
    first, second = sign_in(root, enrol(root)), sign_in(other_root, enrol(other_root))
    before(administration, "acting", lambda: act(second, root, "deactivate", reason="x"))

    assert_thrown_out(act(first, other_root, "deactivate", reason="x"))

    assert [user.username for user in User.objects.filter(is_active=True)] == ["other-root"]


def test_staff_does_not_act_upon_somebody_who_has_become_a_superuser_meanwhile(alice, before):
    helper = make_staff("helper", "accounts.change_user")
    desk = sign_in(helper, enrol(helper))
    enrol(alice)
    before(removal, "disable_once", lambda: User.objects.filter(pk=alice.pk).update(is_superuser=True))

    assert act(desk, alice, "disable-two-factor", reason="mine now").status_code == 422

    alice.refresh_from_db()
    assert alice.is_enrolled


def test_who_is_no_site_admin_any_more_does_nothing(alice, root, before):
    helper = make_staff("helper", "accounts.change_user")
    desk = sign_in(helper, enrol(helper))
    before(administration, "acting", lambda: User.objects.filter(pk=helper.pk).update(is_staff=False))

    assert act(desk, alice, "deactivate", reason="mine now").status_code == 422

    alice.refresh_from_db()
    assert alice.is_active
