"""Every index of the database is there for something that is named here: each one costs every write."""

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import ForeignKey, UniqueConstraint

from accounts.database.indexes import drop_twins
from accounts.models.audit import IN_A_TRAIL, OF_ORGANIZATIONS
from tests.support import environment
from tests.support.migrations import our_apps

pytestmark = pytest.mark.django_db

# By name: what asks it. Not here: indexes of constraints, and of references to rows that can be deleted.
SERVES = {
    # Columns, as table.column
    "accounts_apitoken.expires_at": "housekeeping: expired tokens",
    "accounts_auditevent.created_at": "retention: events that are old enough",
    "accounts_mailwindow.closes_at": "windows: those that are over",
    "accounts_ratelimit.resets_at": "housekeeping: counters",
    "accounts_rememberedbrowser.expires_at": "housekeeping: remembered browsers",
    "accounts_session.expires_at": "housekeeping: ended sessions",
    "factor_sms_destination.window_began_at": "breaker: counts that are out of date",
    "factor_sms_textmessage.expires_at": "housekeeping: texts of last week",
    "factor_sms_textmessage.provider_id": "webhook: the text that a provider reports about",
    "organizations_organizationtoken.expires_at": "housekeeping: expired tokens",
    # Indexes with a name
    "active_without": "admin site: members without two-factor",
    "activity_of_user": "page Activity, and the last sign-in on the admin site",
    "apitoken_to_tell": "mails about tokens that expire soon",
    "batch_rows_by_state": "lists of invitations: who waits or was not invited; reference: rows of a list",
    "batches_by_end": "housekeeping: lists of invitations that have ended",
    "batches_of_organization": "page Invite a user: its lists, newest first",
    "batches_running": "run_due_work: lists of invitations that run",
    "days_by_date": "housekeeping: the counts of days that no page shows",
    "events_by_actor": "admin site: search",
    "events_by_door": "admin site: filter",
    "events_by_subject": "admin site: search",
    "events_of_kind": "admin site: filter",
    "invitations_begin_by_address": "page Users: search",
    "invitations_begin_by_name": "page Users: search",
    "invitations_by_email": "invitations of a person, and search of the admin site",
    "invitations_by_end": "housekeeping: expired invitations",
    "invitations_by_name": "page Users: invitations",
    "invitations_of_inviter": "invitations that somebody who leaves has made",
    "invitations_of_address": "invitations of a person, in the order of their page",
    "logins_of_user": "reference: pending logins of a user",
    "members_begin_by_address": "page Users: search",
    "members_begin_by_name": "page Users: search",
    "members_below_app": "page Authentication: whom requiring an application locks out",
    "members_by_joining": "page Users: order",
    "members_by_name": "page Users",
    "members_of_unknown_level": "run_due_work: members whose level a former release did not write",
    "members_with": "admin site: filter",
    "members_with_texts": "page Users: filter",
    "members_with_texts_by_joining": "page Users: order",
    "members_without": "admin site: filter",
    "members_without_by_joining": "page Users: order",
    "members_without_two_factor": "page Users: filter",
    "memberships_of_person": "top bar and page Organizations, and reference: memberships of a user",
    "organization_tokens_of_maker": "deactivating an account: tokens that the person has made",
    "organizations_by_beginning": "admin site: search",
    "organizations_with_date": "run_due_work: dates that have come, or are to be announced",
    "organizations_with_former": "former limits of sessions",
    "organizations_with_policy": "admin site: filter",
    "organizations_with_remember": "every session: the strictest limit of its organizations",
    "organizations_with_timeout": "every session: the strictest limit of its organizations",
    "organizationtoken_to_tell": "mails about tokens that expire soon",
    "outbox_late": "housekeeping: messages that expired unsent",
    "outbox_over": "housekeeping: old messages",
    "outbox_waiting": "outbox: what is due",
    "owners_below_app": "requiring an application",
    "owners_of_organization": "owners of an organization",
    "owners_without_two_factor": "requiring two-factor",
    "paused_destinations": "pauses, and those that are too long",
    "site_invitations_by_end": "housekeeping: expired invitations, and the list of the admin site",
    "periods_of_organization": "evidence: the periods of all members, in the order of accounts",
    "sessions_of_user": "sessions of a user",
    "superusers": "mails to superusers",
    "texts_with_digest": "housekeeping: digests of codes",
    "tokens_of_user": "tokens of a user, newest first",
    "trail": "page Audit Trail, and its export",
    "trail_of_actor": "page Audit Trail: filter by person, what they did",
    "trail_of_kind": "page Audit Trail: filter",
    "trail_of_person": "page Audit Trail: filter by person, what was done to them",
    "unconfirmed_apps": "housekeeping: unfinished set-ups",
    "unconfirmed_codes": "housekeeping: unfinished set-ups",
    "unconfirmed_phones": "housekeeping: unfinished set-ups",
    "users_by_address": "admin site: search",
    "users_by_name": "admin site: search",
    "users_by_next_address": "admin site: search",
    "users_deactivated": "admin site: filter",
    "users_of_unknown_level": "run_due_work: people whose level a former release did not write",
    "users_on_staff": "admin site: filter",
    "users_unconfirmed": "admin site: filter",
    "users_with_new_stamp": "housekeeping: rows of former stamps",
    "users_with_two_factor": "admin site: filter",
    "users_without_two_factor": "admin site: filter",
}


def our_models():
    labels = {app.label for app in our_apps()}
    return [model for model in apps.get_models() if model._meta.app_label in labels]


def indexes():
    """(table, name, columns) of each index that no constraint has."""
    for model in our_models():
        table = model._meta.db_table
        constraints = {each.name for each in model._meta.constraints}
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, table)
        for name, each in found.items():
            if each["index"] and not each["unique"] and not each["primary_key"] and name not in constraints:
                yield table, name, each["columns"]


def references():
    """table.column of each reference that has an index of its own."""
    for model in our_models():
        for field in model._meta.local_fields:
            if isinstance(field, ForeignKey) and field.db_index and not field.unique:
                yield f"{model._meta.db_table}.{field.column}"


def test_every_index_serves_something():
    named = {index.name for model in our_models() for index in model._meta.indexes}
    found = {name if name in named else f"{table}.{'+'.join(columns)}" for table, name, columns in indexes()}

    assert found - {*references()} == {*SERVES}


def partial_indexes():
    for model in our_models():
        unique = [each for each in model._meta.constraints if isinstance(each, UniqueConstraint)]
        for index in [*model._meta.indexes, *unique]:
            if index.condition is not None:
                yield model, index


def plan(sql, values=None):
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN (COSTS OFF)"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {sql}", values)
        return [row[-1] for row in cursor.fetchall()]


def written(value):
    """The value as a statement has it in its text; PostgreSQL reads numbers and truth in quotation marks."""
    is_bare = connection.vendor == "sqlite" and isinstance(value, int)
    return str(int(value)) if is_bare else f"'{value}'"


def test_values_that_are_bound_keep_no_query_from_an_index_of_some_rows():
    """SQLite looks at bound values to see that all rows are in the index, but at none in a LIKE."""
    differing = []
    for model, index in partial_indexes():
        said = IN_A_TRAIL if index.condition == OF_ORGANIZATIONS else index.condition
        rows = model._base_manager.filter(said).order_by(*(index.fields or index.expressions))
        sql, values = rows.query.sql_with_params()
        if plan(sql, values) != plan(sql % tuple(map(written, values))):
            differing.append(index.name)

    assert differing == []
    assert len([*partial_indexes()]) > 50


def test_no_index_begins_another_one_in_vain():
    """An index of a column alone, beside one of that column and others for the same rows."""
    whole = [
        (model._meta.db_table, tuple(fields))
        for model in our_models()
        for fields in [
            *(index.fields for index in model._meta.indexes if index.condition is None),
            *(each.fields for each in model._meta.constraints if getattr(each, "condition", 0) is None),
        ]
        if len(fields) > 1
    ]
    alone = [
        (model._meta.db_table, field.name)
        for model in our_models()
        for field in model._meta.local_fields
        if field.db_index and not field.unique
    ]

    assert [each for each in alone if any(each == (table, fields[0]) for table, fields in whole)] == []


def test_no_text_has_a_second_index_for_beginnings():
    """But those that name it: Django makes one for each indexed text."""
    if environment.KIND != "postgresql":
        return  # only there
    assert [name for _table, name, _columns in indexes() if name.endswith("_like")] == []


def test_an_upgrade_drops_the_second_indexes_and_nothing_else():
    if environment.KIND != "postgresql":
        return
    before = {*indexes_by_name()}
    made = {
        "accounts_session_key_hash_0123_like": "accounts_session (key_hash varchar_pattern_ops)",
        "accounts_ratelimit_key_0123_like": "accounts_ratelimit (key varchar_pattern_ops)",
        "ours_alone_like": "accounts_session (factor)",
        "of_two_like": "accounts_session (factor varchar_pattern_ops, id)",
    }
    with connection.cursor() as cursor:
        for name, columns in made.items():
            cursor.execute(f"CREATE INDEX {name} ON {columns}")

    with connection.schema_editor() as editor:
        drop_twins(apps, editor)
        drop_twins(apps, editor)

    assert {*indexes_by_name()} - before == {"ours_alone_like", "of_two_like"}


def indexes_by_name():
    return (name for _table, name, _columns in indexes())
