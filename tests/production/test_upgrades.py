"""Databases of released versions are upgraded, once at a stop and once while people go on working.

The dumps are made by `python -m tests.support.dumps`; their people know passwords, codes and tokens.
"""

import json
import re
import sqlite3
from contextlib import closing

import psycopg
import pytest

from tests.support import dump_people, dumps, parallel, releases
from tests.support.environment import KIND, ROOT
from tests.support.people import PASSWORD, TWO_FACTOR
from tests.support.servers import start_site
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

FOLDERS = sorted(folder.name for folder in dumps.HERE.iterdir())
MACHINE = dump_people.MACHINE


def manage(url, *arguments, **options):
    return releases.manage(ROOT, url, *arguments, **MACHINE, **options)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """Makes new and empty databases: `database("name")` returns the DATABASE_URL."""
    place = tmp_path_factory.mktemp("databases")
    return lambda name: dumps.new_database(
        place, re.sub(r"\W", "_", f"{place.parent.name}_{place.name}_{name}")
    )


@pytest.fixture(scope="module")
def fresh(database):
    url = database("fresh")
    manage(url, "migrate")
    return url


class Upgraded:
    """A database of a former release after `migrate`, the people in it, and the site that runs on it."""

    def __init__(self, url, folder):
        self.url, self.folder = url, folder
        self.people = dumps.load(dumps.HERE / folder, KIND, url)
        manage(url, "migrate")
        self.site = start_site(url, workers=1, **MACHINE)

    def browser(self, cookies=()):
        visitor = Visitor(self.site.url)
        visitor.cookies = dict(cookies)
        return visitor

    def call(self, method, path, token):
        return self.browser().send(method, f"/api/v2{path}", Authorization=f"Bearer {self.token(token)}")

    def token(self, name):
        return self.people["alice"].tokens[name]


@pytest.fixture(scope="module", params=FOLDERS)
def upgraded(request, database):
    made = Upgraded(database(f"from_{request.param}"), request.param)
    yield made
    made.site.stop()


def second_step(upgraded, path="/session/two-factor", **fields):
    """Sign alice in with her password and this code; return the browser and where it leads."""
    visitor = upgraded.browser()
    reply = visitor.post_form("/session", username="alice", password=PASSWORD)
    assert reply.location == "/session/two-factor"
    return visitor, visitor.post_form(path, "Verify", **fields).location


# ---------------------------------------------------------------- what a release left goes on


def test_of14_every_release_has_its_dumps():
    assert set(FOLDERS) == {*releases.RELEASES, releases.BEFORE_THE_FIRST[0]}
    for folder in FOLDERS:
        names = {path.name for path in (dumps.HERE / folder).iterdir()}
        assert names == {
            f"{kind}.{ending}" for kind in ("postgresql", "sqlite") for ending in ("sql", "json")
        }


def test_of14_an_upgraded_database_is_made_as_a_new_one(upgraded, fresh):
    assert shape(upgraded.url) == shape(fresh)


def test_of14_doctor_finds_nothing_wrong_after_an_upgrade(upgraded):
    done = manage(upgraded.url, "doctor", check=False)

    assert done.returncode == 0, done.stdout


def test_of14_people_sign_in_with_what_they_had_before(upgraded):
    alice = upgraded.people["alice"]

    visitor, place = second_step(upgraded, code=alice.code())
    assert place == "/app"
    assert visitor.get("/app/acme/settings/users").status == 200
    assert upgraded.browser(alice.signed_in).get("/app/settings/profile").status == 200
    remembered = upgraded.browser(alice.remembered)
    assert remembered.post_form("/session", username="alice", password=PASSWORD).location == "/app"


def test_of14_a_backup_code_from_before_is_good_once(upgraded):
    code = upgraded.people["alice"].codes[0]

    assert second_step(upgraded, "/session/two-factor-recovery", code=code)[1] == "/app"
    assert second_step(upgraded, "/session/two-factor-recovery", code=code)[1] is None


def test_of14_texts_reach_the_number_from_before(upgraded):
    visitor = upgraded.browser()
    assert (
        visitor.post_form("/session", username="carol", password=PASSWORD).location == "/session/two-factor"
    )
    parallel.post(visitor, "/session/two-factor-send-sms", send="sms")
    [text] = wait_until(lambda: list(upgraded.site.mail_directory.glob("*.text")), lambda: "no text came")
    code = re.search(r"#(\d{6})\s*$", text.read_text())[1]

    assert visitor.post_form("/session/two-factor", "Verify", code=code).location == "/app"


def test_of14_a_policy_from_before_holds(upgraded):
    """bob is a member of acme, which requires two-factor authentication, and was invited to plain."""
    bob = upgraded.browser(upgraded.people["bob"].signed_in)

    assert bob.get("/app/acme").location.startswith((TWO_FACTOR, "/app/acme/locked-out"))
    assert bob.post_form("/app/settings/organizations", "accept").status == 302
    assert bob.get("/app/plain").status == 200


def test_of14_tokens_from_before_work_and_names_of_makers_fit(upgraded):
    """The name of an owners' token can be longer than the column was at first."""
    name = dump_people.LONG_NAME

    assert upgraded.call("GET", "/account/details", "user").status == 200
    made = upgraded.call("POST", f"/organizations/{name}/authentication-token", f"owners of {name}")
    assert made.status == 201, made.text
    assert json.loads(made.body)["data"]["attributes"]["token"]


def test_of14_a_mail_that_waited_is_sent_after_the_upgrade(upgraded):
    directory = upgraded.site.mail_directory
    manage(upgraded.url, "run_due_work", EMAIL_URL=f"filemail:///{directory}", SITE_URL=upgraded.site.url)
    text = upgraded.site.wait_for_mail("bob@example.com").get_body(("plain",)).get_content()

    visitor = upgraded.browser()
    page = visitor.follow(visitor.get(re.search(r"/account/password/reset/\S+", text)[0]))
    # Its time does not move along with that of the dump, and it was good for an hour.
    assert (page.status, "That link is too old." in page.text) == (422, True), page.text


# ---------------------------------------------------------------- a release beside the database of another


def test_of14_a_release_on_an_older_database_says_to_migrate(database):
    url = database("older")
    people = dumps.load(dumps.HERE / "0.1.0", KIND, url)
    site = start_site(url, workers=1, **MACHINE)
    try:
        says = "the database lacks 12 migrations of this release: run manage.py migrate"
        ready = site.visitor().get("/readyz")
        assert (ready.status, re.sub(r"\d+", "12", ready.text)) == (503, f"{says}\n")
        assert site.visitor().get("/healthz").status == 200
        visitor = people["alice"].browser(site.url, people["alice"].signed_in)
        assert visitor.get("/app/settings/profile").status == 503
        api = site.visitor().get(
            "/api/v2/account/details", Authorization=f"Bearer {people['alice'].tokens['user']}"
        )
        assert api.status == 503
        assert re.search(r"CRITICAL .*: run manage\.py migrate", site.log())
        assert "is not applied: run migrate" in manage(url, "doctor", check=False).stdout

        manage(url, "migrate")

        assert site.visitor().get("/readyz").status == 200
        assert visitor.get("/app/settings/profile").status == 200
    finally:
        site.stop()


def test_of14_an_empty_database_says_to_migrate(database):
    site = start_site(database("empty"), workers=1)
    try:
        assert site.visitor().get("/readyz").text.endswith(": run manage.py migrate\n")
        assert site.visitor().get("/app").status in (302, 503)
        reply = site.visitor().get("/session")
        assert reply.status in (200, 503)
    finally:
        site.stop()


def test_of14_a_release_goes_on_beside_a_newer_database_and_changes_none_of_its_tables(database):
    url = database("newer")
    people = dumps.load(dumps.HERE / "0.1.0", KIND, url)
    manage(url, "migrate")
    execute(
        url,
        "INSERT INTO django_migrations (app, name, applied) "
        "VALUES ('accounts', '0999_of_a_newer_release', '2027-01-01 00:00:00')",
    )
    before = shape(url)

    for command in (["migrate"], ["migrate", "accounts", "0004"], ["doctor", "--reconcile"]):
        done = manage(url, *command, check=False)
        assert done.returncode == 1, command
        assert "such as accounts 0999_of_a_newer_release" in done.stderr, command
    assert "which this release does not know" in manage(url, "doctor", check=False).stdout
    assert shape(url) == before

    site = start_site(url, workers=1, **MACHINE)  # the old process of an upgrade without a pause
    try:
        assert site.visitor().get("/readyz").status == 200
        visitor = people["alice"].browser(site.url, people["alice"].signed_in)
        assert visitor.get("/app/settings/profile").status == 200
    finally:
        site.stop()


# ---------------------------------------------------------------- the shape of a database


def execute(url, sql):
    """Run one statement; return its rows."""
    if KIND == "sqlite":
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database, database:
            return database.execute(sql).fetchall()
    with psycopg.connect(url, autocommit=True) as database:
        cursor = database.execute(sql)
        return cursor.fetchall() if cursor.description else []


SHAPES = {
    "columns": """
        SELECT table_name, column_name, data_type, character_maximum_length, numeric_precision, is_nullable,
            column_default, is_identity, collation_name
        FROM information_schema.columns WHERE table_schema = 'public'
    """,
    "indexes": "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "constraints": """
        SELECT conrelid::regclass::text, contype, condeferrable, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    """,
    "triggers": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "functions": "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
}


def shape(url):
    """What a database is made of, without its rows. The order of columns does not count."""
    if KIND == "sqlite":
        return dict(execute(url, "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    found = {what: [str(row) for row in execute(url, query)] for what, query in SHAPES.items()}
    # PostgreSQL writes the same condition with other casts once it has been through a dump.
    return {
        what: sorted(re.sub(r"::[a-z ]+(\[\])?|[()]", "", row) for row in rows)
        for what, rows in found.items()
    }
