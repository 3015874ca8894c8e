"""The budget of a login is counted in the tests' own process; PostgreSQL itself counts the same."""

from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection

from tests.accounts.login.test_cost import complete_login, known_browser
from tests.support import environment, parallel, server_log
from tests.support.people import PASSWORD, enrol
from tests.support.servers import start_site
from tests.support.statements import first_word, is_check, sent

DATABASE = environment.test_database_name()


@pytest.fixture
def log():
    """Return the log of the tests' server."""
    path = server_log.path_of(environment.test_database_url())
    if path is None:
        pytest.skip(environment.NOT_OURS_TO_READ)
    return path


def words(texts):
    """Return the statements without what differs between two ways to write them down: line ends."""
    return [" ".join(text.split()) for text in texts]


def verbs(queries):
    return [first_word(query["sql"]) for query in queries if not is_check(query["sql"])]


@contextmanager
def served(url):
    """Serve the product with one thread, every statement of which the server logs."""
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"ALTER DATABASE {DATABASE} SET log_statement = 'all'")
        site = start_site(url, workers=1, threads=1)
        try:
            yield site
        finally:
            site.stop()
            server.execute(f"ALTER DATABASE {DATABASE} RESET log_statement")


def complete_login_over_the_network(visitor, user, code):
    visitor.get("/session")
    reply = parallel.post(visitor, "/session", username=user.username, password=PASSWORD)
    visitor.get(reply.location)
    assert parallel.post(visitor, reply.location, code=code).location == "/app"
    assert visitor.get("/app").status == 200


if environment.KIND == "postgresql":

    def test_what_libpq_sends_is_what_the_server_receives(alice, log):
        app = enrol(alice)
        client = known_browser(alice, app)
        code = app.fresh_code()
        with connection.cursor() as cursor:
            cursor.execute("SET log_statement = 'all'")

        with sent() as queries:
            begin = log.stat().st_size
            complete_login(client, alice, code)
            received = server_log.read_statements(log, begin, DATABASE)

        assert words(query["sql"] for query in queries) == words(query["sql"] for query in received)

    def test_a_login_at_a_real_server_sends_what_the_budget_counts(alice, log):
        app = enrol(alice)
        client = known_browser(alice, app)
        code = app.fresh_code()
        with sent() as queries:
            complete_login(client, alice, code)

        with served(environment.test_database_url()) as site:
            visitor = parallel.browser(site)
            for _ in range(2):
                complete_login_over_the_network(visitor, alice, app.fresh_code())
                parallel.post(visitor, "/session/logout")
            code = app.fresh_code()
            begin = log.stat().st_size
            complete_login_over_the_network(visitor, alice, code)
            received = server_log.read_statements(log, begin, DATABASE)

        assert verbs(queries) == verbs(received)
        assert len({query["pid"] for query in received}) == 1
