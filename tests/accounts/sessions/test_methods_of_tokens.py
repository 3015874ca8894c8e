"""Tokens keep the method behind their proof, and pages name it (D45)."""

import pytest
from django.db import connection

from accounts.factors.methods import label_of
from accounts.models import ApiToken, AuditEvent, RememberedBrowser, Session
from accounts.models.public_ids import public_id
from organizations.models import OrganizationToken
from tests.accounts.sessions.methods import (
    SECOND_FACTORS,
    SESSIONS,
    TOKENS,
    give,
    is_done,
    log_in,
    log_in_remembered,
    session_of,
)
from tests.api.clients import ApiClient, document
from tests.support.pages import secret_on, words_of
from tests.support.people import make_user, sign_in
from tests.support.two_factor import SUDO, let_sudo_expire

ORGANIZATION_TOKENS = "/app/acme/settings/authentication-tokens"


# ---------------------------------------------------------------- tokens


def create_token(client):
    return secret_on(client.post(f"{TOKENS}/create", {"description": "ci", "expires": "30"}))


@pytest.mark.parametrize("slug", SECOND_FACTORS)
def test_d45_a_token_has_the_method_of_its_session_and_hands_it_on(owner, slug):
    user, app = owner
    secret = create_token(log_in(user, app, slug))
    client = ApiClient(secret)
    path = client.get("/account/details").json()["data"]["relationships"]["authentication-tokens"]["links"]

    body = document("authentication-tokens", description="by a program")
    made = client.post(path["related"].removeprefix("/api/v2"), body)

    assert made.status_code == 201, made.content
    assert [token.method for token in ApiToken.objects.all()] == [slug, slug]


@pytest.mark.parametrize("slug", SECOND_FACTORS)
@pytest.mark.parametrize("kind", ["organization", "owners"])
def test_d45_so_do_the_tokens_of_organizations(owner, slug, kind):
    client = log_in(*owner, slug)

    is_done(client.post(f"{ORGANIZATION_TOKENS}/{kind}/create", {"expires": "30"}))

    assert OrganizationToken.objects.get().method == slug
    assert f"after signing in with: {label_of(slug)}" in words_of(client.get(ORGANIZATION_TOKENS))


def test_d45_a_token_stands_behind_the_proof_that_opened_the_page_not_behind_a_better_one_before(owner):
    user, app = owner
    client = log_in(user, app, "app")
    let_sudo_expire(user)
    give(client, SUDO, "sms", app)

    create_token(client)

    assert ApiToken.objects.get().method == "sms"


def test_d45_a_token_made_with_the_password_only_says_so(db):
    bob = make_user("bob")
    client = sign_in(bob)

    client = ApiClient(create_token(client))
    client.post(
        f"/users/{public_id('user', bob.pk)}/authentication-tokens",
        document("authentication-tokens", description="x"),
    )

    assert [(token.method, token.verified) for token in ApiToken.objects.all()] == [("password", False)] * 2


# ---------------------------------------------------------------- what pages say


OLD = "Not known"
GONE = "A method that is no longer offered"
NAMES = {"app": "Application", "sms": "Text message", "backup-codes": "Recovery code"}


@pytest.mark.parametrize("slug", SECOND_FACTORS)
def test_d45_the_lists_name_the_method(owner, slug):
    user, app = owner
    log_in_remembered(user, app, slug)
    client = log_in(user, app, slug)
    create_token(client)

    sessions, tokens = words_of(client.get(SESSIONS)), words_of(client.get(TOKENS))
    assert sessions.count(f"Signed in with: {NAMES[slug]}") == 1
    assert sessions.count(f"Remembered after signing in with: {NAMES[slug]}") == 2
    assert f"after signing in with: {NAMES[slug]}" in tokens
    assert f"with: {NAMES[slug]}" in words_of(client.get("/app/settings/activity"))


def test_d45_activity_names_a_sign_in_of_a_remembered_browser(owner):
    client = log_in_remembered(*owner, "app")

    page = words_of(client.get("/app/settings/activity"))

    assert "Signed in with: Remembered browser" in page


def test_d45_the_password_only(db):
    bob = make_user("bob")
    client = sign_in(bob)
    create_token(client)

    assert "Signed in with: Password only" in words_of(client.get(SESSIONS))
    assert "after signing in with: Password only" in words_of(client.get(TOKENS))


@pytest.mark.parametrize(("word", "name"), [("", OLD), ("pigeon", GONE)])
def test_d45_rows_of_before_and_of_methods_that_were_given_up(owner, word, name):
    user, app = owner
    log_in_remembered(user, app, "app")
    client = log_in(user, app, "app")
    create_token(client)
    ApiToken.objects.update(method=word)
    RememberedBrowser.objects.update(method=word)
    Session.objects.filter(factor="remembered").update(remembered_method=word)
    Session.objects.exclude(factor="remembered").update(factor=word)

    sessions, tokens = words_of(client.get(SESSIONS)), words_of(client.get(TOKENS))

    assert sessions.count(name) == 3
    assert tokens.count(name) == 1


def test_d45_a_server_of_the_former_release_can_go_on_writing(owner):
    """It leaves the new columns out, so that the database says that the method is unknown."""
    user, app = owner
    create_token(log_in_remembered_and_proved(user, app))
    with connection.cursor() as cursor:
        for table, column, key in [
            ("accounts_apitoken", "method", "token_hash"),
            ("accounts_rememberedbrowser", "method", "token_hash"),
            ("accounts_session", "remembered_method", "key_hash"),
        ]:
            names = [each.name for each in connection.introspection.get_table_description(cursor, table)]
            kept = ", ".join(name for name in names if name not in ("id", column, key))
            cursor.execute(
                f"INSERT INTO {table} ({key}, {kept}) SELECT 'x', {kept} FROM {table} ORDER BY id LIMIT 1"
            )
            cursor.execute(f"SELECT {column} FROM {table} WHERE {key} = 'x'")
            assert cursor.fetchone() == ("",)


def log_in_remembered_and_proved(user, app):
    return give(log_in_remembered(user, app, "app"), SUDO, "app", app)


def test_d45_the_event_of_each_proof_names_the_same_method(owner):
    user, app = owner
    client = log_in(user, app, "sms")
    let_sudo_expire(user)
    give(client, SUDO, "backup-codes", app)

    proofs = AuditEvent.objects.filter(event__in=["login.succeeded", "sudo.granted"]).order_by("pk")
    assert [event.data["method"] for event in proofs] == ["sms", "backup-codes"]
    assert session_of(user).method == "backup-codes"
