"""Looking changes nothing (R52; security.md WH-07, DS-05), and each page has one address (D16)."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Session
from tests.cast import enrol, sign_in
from tests.walk import Page, dump, undone

pytestmark = pytest.mark.django_db

SAFE = ["GET", "HEAD", "OPTIONS"]
WRITES = ("INSERT", "UPDATE", "DELETE")


def everything():
    """A dump of all tables; when a session was last used is noted (docs/security.md)."""
    sessions = Session.objects.order_by("pk").values_list(
        "pk", "key_hash", "data", "verified_at", "proved_at"
    )
    return dump(left_out=(Session,)), list(sessions)


@pytest.mark.parametrize("method", SAFE)
@pytest.mark.parametrize("actor", ["anonymous", "pending", "owner", "setting_up", "locked_out", "staff"])
def test_r52_no_safe_method_writes(everybody, db, actor, method):
    walker = everybody[actor]

    wrote = [path for path in everybody.places.paths() if walker.send(method, path) and walker.wrote]

    assert wrote == []


@pytest.mark.parametrize("actor", ["anonymous", "pending", "owner", "setting_up", "outsider", "staff"])
def test_wh_07_following_every_link_twice_changes_nothing(everybody, db, actor):
    client = Client(raise_request_exception=False)
    with undone():
        client.cookies.load(everybody[actor].cookies)
        before, followed = everything(), crawl(client)
        for path in followed:
            client.get(path)

        assert everything() == before
    assert len(followed) > 3


def crawl(client, start="/docs", most=300):
    """Every path that links lead to from here, each followed once."""
    seen, waiting = set(), [start, "/app", "/session", "/admin/"]
    while waiting and len(seen) < most:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        response = client.get(path)
        assert response.status_code < 500, path
        if response.status_code in (301, 302):
            waiting.append(response["Location"])
        elif response["Content-Type"].startswith("text/html"):
            waiting += links_of(Page(path, response.content.decode()))
    assert not waiting, "there are more pages than this test wants to see"
    return seen


def links_of(page):
    """Where a page leads on this site. The orders and filters of the admin site's lists are left out."""
    links = [link.partition("#")[0] for link in page.links]
    return [link for link in links if link.startswith("/") and not re.match("/static/|/admin/.*[?]", link)]


def test_wh_07_every_link_leads_somewhere(everybody, db):
    walker = everybody["owner"]
    links = {link for page in pages_of(everybody, walker) for link in links_of(page)}

    broken = [link for link in links if walker.get(link).status not in (200, 302)]

    assert len(links) > 30
    assert broken == []


def pages_of(everybody, walker):
    return [page for path in everybody.places.paths() if (page := walker.page(path))]


def test_d16_no_address_has_a_twin_with_a_slash(everybody, db):
    """Not below /admin/, where Django's own views want theirs."""
    walker = everybody["owner"]
    pages = [page.path for page in pages_of(everybody, walker)]

    assert len(pages) > 20
    for path in pages:
        if not path.startswith("/admin/"):
            assert walker.get(f"{path}/").status == 404, path


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
