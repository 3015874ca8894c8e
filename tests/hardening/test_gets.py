"""Looking changes nothing (R52, WH-07, DS-05), and each page has one address (D16)."""

import re
from collections import Counter
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Session
from tests.support.crawler import CrawledPage, dump, undone, view_of
from tests.support.people import enrol, sign_in

pytestmark = pytest.mark.django_db

WRITES = ("INSERT", "UPDATE", "DELETE")


def everything():
    """A dump of all tables; when a session was last used is noted (docs/security.md)."""
    fields = ["pk", "key_hash", "data", "verified_at", "proved_at", "expires_at"]
    return dump(left_out=(Session,)), list(Session.objects.order_by("pk").values_list(*fields))


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
@pytest.mark.parametrize("actor", ["owner", "staff"])
def test_r52_no_safe_method_writes(everybody, db, actor, method):
    walker = everybody[actor]

    wrote = [path for path in everybody.places.paths() if walker.send(method, path) and walker.wrote]

    assert wrote == []


@pytest.mark.parametrize("actor", ["anonymous", "pending", "owner", "setting_up", "outsider", "staff"])
def test_wh_07_following_every_link_twice_changes_nothing(everybody, db, actor):
    client = Client(raise_request_exception=False)
    with undone():
        client.cookies.load(everybody[actor].cookies)
        before = everything()
        followed = crawl(client)
        for path in followed:
            client.get(path)

        assert everything() == before
    assert len(followed) > 3


def test_r52_no_get_does_what_a_form_does(everybody, db):
    """Not even with everything that the form sends in the query: links on other sites can do that."""
    wrong, asked = [], 0
    for walker, form in everybody.forms:
        if form.method != "post":
            continue
        asked += 1
        sent = urlencode({field.name: field.value for field in form.fields})
        answer = walker.get(f"{form.action.partition('#')[0]}{'&' if '?' in form.action else '?'}{sent}")
        if walker.wrote or answer.status >= 500:
            wrong.append(f"{form}: {answer.status}, wrote {walker.wrote}")

    assert asked > 50
    assert not wrong, "\n".join(wrong)


def crawl(client):
    """Every path that links lead to from the usual beginnings, each followed once, at most three per view."""
    waiting, seen, views = ["/docs", "/app", "/session"], [], Counter()
    while waiting:
        path = waiting.pop(0)
        view = view_of(path)
        if path in seen or views[view] == 3:
            continue
        seen.append(path)
        views[view] += 1
        response = client.get(path)
        assert response.status_code in (200, 302), f"a link leads to {path}: {response.status_code}"
        if response.status_code == 302:
            waiting.append(response["Location"])
        elif response["Content-Type"].startswith("text/html"):
            links = CrawledPage(path, response.content.decode()).links
            waiting += [link.partition("#")[0] for link in links if link.startswith("/")]
    return seen


def test_d16_a_slash_at_the_end_leads_to_the_one_address_of_a_page(everybody, db):
    """Not below /admin/, where Django's own views want theirs."""
    walker = everybody["owner"]
    paths = {path.partition("?")[0] for path in crawl(walker.client) if path != "/"}

    assert len(paths) > 20
    answers = {path: walker.get(f"{path}/").response for path in paths}
    assert [
        path
        for path, answer in answers.items()
        if (answer.status_code, answer.get("Location")) != (301, path)
    ] == []


def test_ds_05_anonymous_looking_fills_no_table(everybody, db):
    """Five rounds stand for five hundred: the number of rows must not change at all."""
    with undone():
        before = everything()
        for client in [Client() for _ in range(5)]:
            for path in everybody.places.paths():
                client.get(path)

        assert everything() == before


def test_ds_05_what_stands_on_every_page_costs_the_same_for_a_stranger(client, db):
    with CaptureQueriesContext(connection) as queries:
        for path in ["/session", "/account/new", "/account/password/forgot", "/docs", "/nothing"]:
            client.get(path)

    assert len(queries) == 0


def test_ds_09_showing_the_qr_code_writes_nothing(alice):
    client = sign_in(alice)
    client.post("/app/settings/two-factor/enable", {"method": "app"})
    with CaptureQueriesContext(connection) as queries:
        pages = {
            re.sub(r'value="[^"]+"', "", client.get("/app/settings/two-factor/confirm").content.decode())
            for _ in range(5)
        }

    assert len(pages) == 1  # the same secret each time; only the form's token differs
    assert not [query["sql"] for query in queries if query["sql"].startswith(WRITES)]
    assert enrol(alice)
