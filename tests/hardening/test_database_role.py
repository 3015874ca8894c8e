"""The site runs under a role that owns nothing, made by the statements of docs/deployment.md (SF10)."""

import os
import re
import subprocess
import sys

import psycopg
import pyotp
import pytest
from django.db import connection

from tests.support import environment
from tests.support.guide import blocks
from tests.support.servers import start_site

pytestmark = [pytest.mark.planner, pytest.mark.django_db(transaction=True)]

PASSWORD = "a long enough password of mine"
RUN = re.sub(r"\W", "", environment.RUN.name).lower()[-8:] + environment.WORKER
NAMES = {"tfc_auth_owner": f"owner_{RUN}", "tfc_auth": f"site_{RUN}"}
PASSWORDS = {f"owner_{RUN}": "first-password", f"site_{RUN}": "second-password"}


def adapted(sql):
    """The guide's statements with names of this run: roles belong to the whole server."""
    return re.sub(r"\btfc_auth(_owner)?\b", lambda match: NAMES[match[0]], sql)


def address(role, database):
    server, _, query = os.environ["TEST_SERVER_URL"].partition("?")
    credentials = re.sub(r"//[^/@]*@", f"//{role}:{PASSWORDS[role]}@", server.rpartition("/")[0] + "/")
    return f"{credentials}{database}?{query}".rstrip("?")


def execute(url, sql):
    with psycopg.connect(url, autocommit=True) as session:
        for statement in sql.split(";"):
            if statement.strip():
                session.execute(statement)


def manage(url, *arguments):
    command = [sys.executable, "manage.py", *arguments]
    kept = {**os.environ, "DATABASE_URL": url}
    done = subprocess.run(
        command, cwd=environment.ROOT, env=kept, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def role():
    """DATABASE_URLs of the owner and of the role that runs the site, after all that the guide tells."""
    roles, rights, after_migrate = map(adapted, blocks("sql")[:3])
    superuser = os.environ["TEST_SERVER_URL"]
    owner, site = NAMES["tfc_auth_owner"], NAMES["tfc_auth"]
    execute(superuser, roles)
    execute(of_database(superuser, site), rights)
    urls = {"owner": address(owner, site), "site": address(site, site)}
    manage(urls["owner"], "migrate", "--verbosity", "0")
    execute(urls["owner"], after_migrate)
    yield urls
    execute(superuser, f"DROP DATABASE {site} WITH (FORCE); DROP ROLE {site}; DROP ROLE {owner}")


def of_database(url, database):
    server, _, query = url.partition("?")
    return f"{server.rpartition('/')[0]}/{database}?{query}".rstrip("?")


@pytest.fixture(scope="module")
def site(role):
    running = start_site(role["site"], workers=1)
    yield running
    running.stop()


def link_in(mail, path):
    return re.search(rf"{path}\S+", mail.get_body(("plain",)).get_content())[0]


def test_sf10_the_main_journey_works_under_the_role_that_owns_nothing(site, role):
    visitor = site.visitor()
    fields = {"username": "dora", "email": "dora@example.com", "password": PASSWORD}
    assert visitor.post_form("/account/new", **fields).status == 302
    visitor.follow(visitor.get(link_in(site.wait_for_mail("dora@example.com"), "/account/confirm/")))
    assert visitor.post_form("/account/confirm").status == 302

    assert visitor.post_form("/app/settings/two-factor", method="app").location.endswith("/confirm")
    page = visitor.get("/app/settings/two-factor/confirm")
    key = re.search(r"\b(?:[A-Z2-7]{4} ?){8}\b", page.text)[0].replace(" ", "")
    app = pyotp.TOTP(key)
    codes = visitor.follow(visitor.post_form("/app/settings/two-factor/confirm", "/confirm", code=app.now()))
    recovery = re.findall(r"\b[0-9A-Z]{5}-[0-9A-Z]{4}-[0-9A-Z]{4}\b", codes.text)
    assert len(set(recovery)) == 10

    visitor.post_form("/app", "Log out")
    assert visitor.post_form("/session", username="dora", password=PASSWORD).location == "/session/two-factor"
    assert visitor.post_form("/session/two-factor-recovery", "Verify", code=recovery[0]).location == "/app"

    assert visitor.post_form("/app/organizations/new", name="acme", email="dora@example.com").status == 302
    policy = "/app/acme/settings/authentication"
    assert visitor.post_form(f"{policy}/require-two-factor", "require-two-factor").status == 302
    made = visitor.follow(visitor.post_form("/app/settings/tokens", "create", description="ci", expires="30"))
    secret = re.search(r"\w{14}\.atlasv1\.\w{67}", made.text)[0]
    assert visitor.get("/api/v2/organizations/acme", Authorization=f"Bearer {secret}").status == 200

    manage(role["site"], "run_due_work")
    manage(role["site"], "doctor")
    manage(role["site"], "rotate_encryption_keys", "--dry-run")
    assert visitor.post_form("/app/acme/settings/general/delete", "/delete", name="acme").status == 302
    assert visitor.post_form("/app/settings/profile/delete", "/delete", password=PASSWORD).status == 302
    assert visitor.get("/app").location.startswith("/session")
    assert not re.search("ERROR|Traceback|permission denied", site.log())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_auditevent SET actor = 'nobody'",
        "DELETE FROM accounts_auditevent",
        "TRUNCATE accounts_auditevent",
        "DROP TABLE accounts_auditevent",
        "ALTER TABLE accounts_auditevent DISABLE TRIGGER ALL",
        "ALTER TABLE accounts_auditevent OWNER TO CURRENT_USER",
        "CREATE TRIGGER t AFTER INSERT ON accounts_auditevent EXECUTE FUNCTION pg_sleep(1)",
        "CREATE RULE r AS ON INSERT TO accounts_auditevent DO INSTEAD NOTHING",
        "TRUNCATE accounts_user CASCADE",
        "DROP TABLE accounts_user",
        "CREATE TABLE public.mine (a int)",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DELETE FROM django_migrations",
        "INSERT INTO django_migrations (app, name, applied) VALUES ('a', 'b', now())",
        "SET ROLE tfc_auth_owner",
        "SET session_replication_role = replica",
        "COPY accounts_user TO '/tmp/users'",
        "SELECT pg_read_file('/etc/passwd')",
    ],
)
def test_sf10_the_role_can_not_touch_the_traces_or_the_tables(role, statement):
    with psycopg.connect(role["site"], autocommit=True) as session, pytest.raises(psycopg.Error) as refusal:
        session.execute(adapted(statement))

    assert isinstance(refusal.value, psycopg.errors.InsufficientPrivilege), refusal.value


def test_sf10_the_role_can_not_give_itself_rights(role):
    with psycopg.connect(role["site"], autocommit=True) as session:
        session.execute("GRANT ALL ON accounts_auditevent TO CURRENT_USER")  # no more than a warning
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("DELETE FROM accounts_auditevent")


def test_sf10_the_role_owns_nothing(role):
    with psycopg.connect(role["site"]) as session:
        owned = session.execute("SELECT relname FROM pg_class WHERE pg_get_userbyid(relowner) = CURRENT_USER")
        assert owned.fetchall() == []
        schemas = session.execute("SELECT has_schema_privilege('public', 'CREATE')").fetchone()
        assert schemas == (False,)


def test_sf10_strangers_can_not_even_connect(role):
    with connection.cursor() as cursor:
        cursor.execute("SELECT datacl::text FROM pg_database WHERE datname = %s", [NAMES["tfc_auth"]])
        [rights] = cursor.fetchone()

    assert "{=" not in rights
    assert ",=" not in rights
