"""Prepared reads find what the queryset finds that they were made from."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import Exists
from django.db.transaction import TransactionManagementError
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import factors
from accounts.audit import Actor
from accounts.database.prepared import Prepared
from accounts.login import sign_in as signing_in
from accounts.models import ApiToken, Session, User, users
from accounts.sessions import store
from accounts.sessions.lifetimes import extra_columns
from accounts.tokens import issuing, lookup
from organizations import context_processors
from organizations.access import gate
from organizations.api import gate as api_gate
from organizations.members import lists
from organizations.members.orders import BY_NAME
from organizations.models import Membership, confirmed_address, latest_end
from tests.support.organizations import found
from tests.support.people import enrol, make_user, post_password, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


def fields(row, deep=3):
    """Everything that a row came with: columns, what it carries, and relations (which may lead back)."""
    loaded = {name: value for name, value in vars(row).items() if name != "_state"}
    related = {
        name: fields(other, deep - 1) if other and deep else bool(other)
        for name, other in row._state.fields_cache.items()
    }
    state = {name: value for name, value in vars(row._state).items() if name not in ("fields_cache", "peers")}
    return loaded | related | {"_state": state}


def assert_same(prepared, queryset, **values):
    rows = prepared.all(**values)

    assert [fields(row) for row in rows] == [fields(row) for row in queryset]
    return rows


def test_the_read_of_a_session(alice, bob):
    enrol(alice)
    sign_in(bob)
    post_password(Client(), alice)
    with_all = Session.objects.with_people().annotate(**extra_columns)

    for row in Session.objects.all():
        rows = with_all.filter(key_hash=row.key_hash)
        assert len(assert_same(store.BY_KEY, rows, key_hash=row.key_hash)) == 1
    assert Session.objects.filter(user=None).exists()
    assert assert_same(store.BY_KEY, with_all.filter(key_hash="none"), key_hash="none") == []


def test_the_memberships_of_a_person(alice, bob):
    found("acme", alice, members=[bob])
    sign_in(alice).post("/app/acme/settings/users/add", {"username": "carol@example.com"})
    carol = make_user("carol")

    for user, days_later, name, expected in [(bob, 0, "", 1), (carol, 0, "acme", 1), (carol, 8, "acme", 0)]:
        now = timezone.now() + timedelta(days=days_later)
        values = {"user_id": user.pk, "address": confirmed_address(user), "now": now, "name_key": name}
        values["latest"] = latest_end(now)
        rows = context_processors.of_person(**values)
        assert len(assert_same(context_processors.OF_PERSON, rows, **values)) == expected


def test_the_membership_that_a_gate_asks_for(alice, bob):
    found("Acme", alice, members=[bob])
    rows = Membership.objects.active().in_organization("acme").select_related("organization__counts")

    for user in (alice, bob):
        assert len(assert_same(gate.OF_USER, rows.filter(user=user), user=user.pk, name_key="acme")) == 1
    assert gate.OF_USER.first(user=alice.pk, name_key="other") is None


def test_the_membership_that_the_api_asks_for(alice, bob):
    found("Acme", alice, members=[bob])
    unenrolled_owner = Exists(api_gate.UNENROLLED_OWNERS)

    for user in (alice, bob):
        rows = gate.active_membership(user.pk, "acme").annotate(unenrolled_owner=unenrolled_owner)
        values = {"user": user.pk, "name_key": "acme"}
        assert len(assert_same(api_gate.OF_USER_AND_OWNERS, rows, **values)) == 1


@pytest.mark.parametrize("typed", ["Alice", "ALICE@example.com", "nobody", "no@example.com", "a'\";--@", ""])
def test_who_signs_in(alice, typed):
    enrol(alice)

    assert signing_in.find(typed) == User.objects.by_login(typed).first()
    rows = User.objects.by_name_key(typed).annotate(**factors.method_columns())
    for user in assert_same(signing_in.BY_NAME, rows, key=typed):
        assert factors.methods_read_with(user) == factors.methods_of(user)


def test_the_device_of_a_factor(alice, bob):
    enrol(alice)

    for factor in factors.all_factors():
        for user in (alice, bob):
            assert_same(factor.confirmed, factor.devices(user, confirmed=True), user=user.pk)


def test_what_is_shown_of_the_devices(alice, bob):
    enrol(alice)

    for user in (alice, bob):
        devices = {factor: factor.device_of(user) for factor in factors.all_factors()}
        shown = {
            factor: (factor.slug, device.confirmed_at, device.last_used_at, device.set_aside_at)
            for factor, device in devices.items()
            if device is not None
        }
        assert factors.devices_of(user) == shown
        assert bool(shown) == (user == alice)


def test_the_locks_of_a_login(alice, bob):
    enrol(alice)

    with transaction.atomic():
        for user in (alice, bob):
            rows = User.objects.filter(pk=user.pk)
            assert len(assert_same(users.LOCKED, rows, pk=user.pk)) == 1
            for factor in factors.all_factors():
                devices = factor.devices(user, confirmed=True).select_related("user")
                assert_same(factor.locking, devices, user=user.pk)
                locked, device = factor.lock(user)
                assert (locked, device) == (user, factor.device_of(user))


def test_a_prepared_lock_needs_a_transaction(alice):
    with transaction.atomic():
        User.objects.lock(alice.pk)

    with pytest.raises(TransactionManagementError):
        User.objects.lock(alice.pk)


def test_the_first_page_of_members(alice, bob):
    acme = found("acme", bob, members=[alice])
    found("other", alice)
    rows = BY_NAME.sorted(lists.shown_of(acme.pk))

    shown = lists.FIRST_PAGE.all(organization=acme.pk)

    assert shown == list(rows)
    assert [row.username for row in shown] == ["alice", "bob"]


def test_each_read_is_one_statement_and_its_values_are_bound(alice):
    prepared = Prepared(lambda name: User.objects.filter(username=name))
    prepared.first(name="alice")

    with CaptureQueriesContext(connection) as queries:
        assert prepared.first(name="alice") == alice
        assert prepared.first(name="%s' OR 1=1 --") is None
        asked = list(queries)

    assert [query["sql"].split()[0] for query in asked] == ["SELECT", "SELECT"]


def test_each_read_finds_what_is_there_now(alice):
    prepared = Prepared(lambda name: User.objects.filter(username=name))
    assert prepared.first(name="alice") == alice

    User.objects.update(username="alicia")

    assert prepared.first(name="alice") is None
    assert prepared.first(name="alicia") == alice


def test_each_thread_has_a_connection_of_its_own(alice):
    prepared = Prepared(lambda name: User.objects.filter(username=name))
    seen = []

    def read():
        seen.append(prepared.first(name="alice"))
        connection.close()

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [alice] * 4


def test_a_parameter_that_gets_lost_is_an_error(alice):
    with pytest.raises(TypeError):
        Prepared(lambda name: User.objects.all()).first(name="alice")
    with pytest.raises(KeyError):
        Prepared(lambda name: User.objects.filter(username=name)).first()


def test_a_prepared_read_refuses_to_prefetch(alice):
    with pytest.raises(TypeError):
        Prepared(lambda name: User.objects.filter(username=name).prefetch_related("groups")).first(
            name="alice"
        )


def test_the_token_of_a_program(alice, bob):
    for owner in (alice, bob):
        issuing.create(owner, description="ci", expires_at=None, actor=Actor.command())
    every = ApiToken.objects.select_related("owner")

    for row in ApiToken.objects.all():
        rows = every.filter(token_hash=row.token_hash)
        assert len(assert_same(lookup.OF_USER, rows, token_hash=row.token_hash)) == 1
