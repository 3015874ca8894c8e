"""Requests that no honest visitor's browser sends."""

import random
import string

import pytest
from django.test import Client

from accounts.models import AuditEvent
from tests.support.crawler import FORM
from tests.support.people import PASSWORD, make_user, sign_in

pytestmark = pytest.mark.django_db

FORWARDED = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Port": "666",
    "X-Real-IP": "203.0.113.9",
    "Forwarded": "for=203.0.113.9;host=evil.example;proto=https",
    "X-Original-URL": "/admin/",
    "X-Rewrite-URL": "/admin/",
    "X-HTTP-Method-Override": "POST",
}


# ---------------------------------------------------------------- hosts and proxies


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost@evil.example", "localhost:x", "a b", "[::1"]
)
@pytest.mark.parametrize("path", ["/", "/session", "/app", "/admin/", "/nothing", "/static/css/app.css"])
def test_wh_02_another_host_is_refused_and_not_repeated(client, db, host, path):
    response = client.get(path, headers={"Host": host})

    assert response.status_code == 400
    assert b"evil" not in response.content


def test_wh_02_load_balancers_may_ask_by_address(client, db):
    assert client.get("/healthz", headers={"Host": "10.0.0.7:8000"}).status_code == 200
    assert client.get("/readyz", headers={"Host": "10.0.0.7:8000"}).content == b"ok\n"


@pytest.mark.parametrize("header", FORWARDED)
def test_wh_03_what_a_stranger_says_about_a_proxy_is_ignored(db, header):
    make_user("honest")
    plain, forged = Client(), Client(headers={header: FORWARDED[header]})

    pages = [client.get("/session") for client in (plain, forged)]
    fields = {"username": "honest", "password": PASSWORD}
    replies = [client.post("/session", fields) for client in (plain, forged)]

    assert [page.status_code for page in pages] == [200, 200]
    assert b"evil" not in pages[1].content
    assert replies[0]["Location"] == replies[1]["Location"]
    assert [reply.cookies["session"]["secure"] for reply in replies] == ["", ""]
    assert set(AuditEvent.objects.filter(event="login.succeeded").values_list("ip", flat=True)) == {
        "127.0.0.1"
    }


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("1.2.3.4, 203.0.113.9", "203.0.113.9"),  # the first is what the client itself has claimed
        ("1.2.3.4, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
        ("203.0.113.9 , 10.1.1.1,10.2.2.2", "203.0.113.9"),
        ("10.1.1.1", "10.1.1.1"),
        ("2001:db8::7", "2001:db8::7"),
        ("nonsense", "127.0.0.1"),
        ("1.2.3.4, nonsense", "127.0.0.1"),
        ("203.0.113.9, <script>, 10.1.1.1", "10.1.1.1"),
        ("", "127.0.0.1"),
    ],
)
def test_wh_03_the_last_address_that_is_no_proxy_counts(db, settings, chain, expected):
    settings.TRUSTED_PROXIES = ["127.0.0.1", "10.0.0.0/8"]
    make_user("honest")

    Client(headers={"X-Forwarded-For": chain}).post("/session", {"username": "honest", "password": PASSWORD})

    assert AuditEvent.objects.get(event="login.succeeded", subject="user:honest").ip == expected


def test_wh_03_a_chain_does_not_make_a_fresh_address_for_each_guess(db, settings):
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    statuses = [
        Client(headers={"X-Forwarded-For": f"1.2.3.{n}, 203.0.113.9"})
        .post("/session", {"username": f"nobody-{n}", "password": "wrong"})
        .status_code
        for n in range(11)
    ]

    assert statuses == [422] * 10 + [429]


@pytest.mark.parametrize("value", ["https", "HTTPS", "https, http", "http", "ftp", ""])
def test_wh_03_the_proxy_says_whether_it_is_https(db, settings, value):
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    settings.SECURE_SSL_REDIRECT = True

    response = Client().get("/session", headers={"X-Forwarded-Proto": value})

    assert response.status_code == (200 if value.lower() == "https" else 301)


@pytest.mark.parametrize("header", FORWARDED)
def test_ad_09_no_header_opens_the_admin_site(db, header):
    client = sign_in(make_user("honest"), client=Client(headers={header: FORWARDED[header]}))

    assert client.get("/admin/").status_code == 403
    assert Client(headers={header: FORWARDED[header]}).get("/admin/")["Location"].startswith("/session?")


# ---------------------------------------------------------------- forms of somebody else


def test_wh_06_the_token_of_before_signing_in_is_worth_nothing_afterwards(db):
    user = make_user("honest")
    client = Client(enforce_csrf_checks=True)
    client.get("/session")
    before = client.cookies["csrf"].value
    client.post("/session", {"username": "honest", "password": PASSWORD, "csrfmiddlewaretoken": before})

    response = client.post("/session/logout", {"csrfmiddlewaretoken": before})

    assert response.status_code == 403
    assert user.sessions.count() == 1


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "text/xml", FORM])
def test_wh_08_a_cross_site_request_of_any_type_is_refused(db, content_type):
    client = sign_in(make_user("honest"))
    client.handler.enforce_csrf_checks = True

    response = client.post("/session/logout", b"a=b", content_type=content_type)

    assert response.status_code == 403


# ---------------------------------------------------------------- paths


@pytest.mark.parametrize(
    "path",
    [
        "/app/open/%2e%2e/admin/",
        "/app/../admin/",
        "/app/open;x=1",
        "/app/open%00",
        "/app/%ed%a0%80",
        "/app/open%2Fsettings",
        "/" + "a" * 9_000,
        "/app/" + "a" * 9_000,
        "/static/../tfc_auth/settings.py",
        "/static/%2e%2e/tfc_auth/settings.py",
        "/static/..%2f..%2fetc/passwd",
        "/static//etc/passwd",
        "/static/",
        "/static/css",
        "/static/css/",
        "/static/css/app.css~",
        "/static/css/app.css.bak",
        "/.git/config",
        "/.git/HEAD",
        "/.env",
        "/.env.example",
        "/app/.git",
        "/manage.py",
        "/pyproject.toml",
        "/var/db.sqlite3",
        "/db.sqlite3",
        "/settings.py.bak",
        "/backup.zip",
        "/server-status",
        "/debug/",
        "/__debug__/",
        "/dev/outbox",
        "/media/",
        "/robots.txt/../.env",
        "/admin/..;/",
        "/xmlrpc.php",
    ],
)
def test_wh_09_wh_10_path_tricks_find_nothing(everybody, db, path):
    for actor in ("anonymous", "owner"):
        answer = everybody[actor].get(path)

        assert answer.status in (302, 400, 403, 404), actor
        assert answer.location.partition("?")[0] in ("", "/session", "/admin/login/"), actor


# ---------------------------------------------------------------- too much


@pytest.mark.parametrize(("fields", "status"), [(201, 400), (1_000, 400), (1_001, 400), (150, 422)])
def test_ds_04_too_many_fields_are_refused(client, db, fields, status):
    assert client.post("/session", {f"a{n}": "x" for n in range(fields)}).status_code == status


def test_ds_04_too_many_files_are_refused(client, db):
    parts = "".join(
        f'--b\r\nContent-Disposition: form-data; name="f{n}"; filename="a"\r\n\r\nx\r\n' for n in range(100)
    )
    response = client.post("/session", f"{parts}--b--\r\n".encode(), "multipart/form-data; boundary=b")

    assert response.status_code == 400


@pytest.mark.parametrize(("size", "status"), [(1_025, 422), (100 * 1024, 422), (2_400_000, 413)])
@pytest.mark.parametrize("path", ["/session", "/account/new"])
def test_ds_03_long_passwords_are_refused(client, db, path, size, status):
    fields = {"username": "honest", "email": "honest@example.com", "password": "x" * size}

    assert client.post(path, fields).status_code == status


A_KIBIBYTE = "".join(random.Random(1).choices(string.ascii_letters + " ", k=1022)).join("xz")


def test_ds_03_one_kibibyte_is_a_password(client, db):
    fields = {"username": "honest", "email": "honest@example.com", "password": A_KIBIBYTE}

    assert client.post("/account/new", fields).status_code == 302
    assert Client().post("/session", fields).status_code == 302
    assert Client().post("/session", fields | {"password": fields["password"][:-1]}).status_code == 422
