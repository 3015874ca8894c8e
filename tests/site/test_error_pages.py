"""Error pages: with the menus where somebody is signed in and the database answers, and with a way on."""

import re

import pytest
from django.contrib.messages import constants
from django.db import OperationalError, connection
from django.test import Client

from tests.support.people import make_user, sign_in

pytestmark = pytest.mark.django_db

MENUS = 'aria-label="Organizations"'
TITLE = re.compile(r"<title>\S.* · TFC Auth</title>")
ERRORS = {
    400: lambda client: client.get("/app/settings/organizations?page=x"),
    403: lambda client: client.get("/app/fort/settings/users"),
    404: lambda client: client.get("/app/nothing"),
    405: lambda client: client.post("/app"),
}


def away(*args):
    raise OperationalError("gone")


def send(client, status):
    response = ERRORS[status](client)
    assert response.status_code == status
    return response.content.decode()


@pytest.mark.parametrize("status", ERRORS)
def test_somebody_who_is_signed_in_keeps_the_menus_and_gets_a_way_on(stage, status):
    page = send(stage.browser("max"), status)

    assert MENUS in page
    assert "Log out" in page
    assert TITLE.search(page)
    assert 'href="/">Go to the start page' in page


@pytest.mark.parametrize("path", ["/nothing", "/app2", "/docs/nothing"])
def test_somebody_who_is_not_signed_in_can_sign_in_and_read(path):
    page = Client().get(path).content.decode()

    assert MENUS not in page
    assert 'href="/session">Sign in' in page
    assert 'href="/docs">Documentation' in page
    assert TITLE.search(page)
    assert "your account" not in page


def test_without_the_database_the_page_is_there_without_menus(alice):
    client = sign_in(alice)
    with connection.execute_wrapper(away):
        response = client.get("/nothing")

    page = response.content.decode()
    assert response.status_code == 404
    assert MENUS not in page
    assert TITLE.search(page)


def test_a_405_leads_to_the_page_if_it_can_be_opened_and_to_none_if_not(alice):
    client = sign_in(alice)

    opens = client.post("/app").content.decode()
    assert 'href="/app">Open the page' in opens
    closed = client.get("/webhooks/sms-status").content.decode()
    assert "This page can't be opened directly" in closed
    assert "Open the page" not in closed


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/app/settings/tokens?x=1", "/app/settings/tokens?x=1"),
        ("http://testserver/nothing", ""),  # the page itself
        ("http://testserver//evil.example/", ""),
        ("https://evil.example/app", ""),
        ("http://testserver.evil.example/app", ""),
        ("http://[::1", ""),
        ("", ""),
    ],
)
def test_go_back_leads_to_the_page_of_this_site_that_one_came_from(alice, referer, back):
    page = sign_in(alice).get("/nothing", headers={"Referer": referer}).content.decode()

    assert (f'href="{back}">Go back' in page) is bool(back)
    assert ("Go back" in page) is bool(back)
    assert "evil" not in page


def test_an_icon_that_is_not_there_takes_no_message_from_the_next_page(alice):
    client = sign_in(alice)
    assert (
        client.post("/app/organizations/new", {"name": "acme", "email": "a@acme.example"}).status_code == 302
    )

    assert client.get("/apple-touch-icon-120x120.png").status_code == 404

    assert f'class="notice notice-{constants.DEFAULT_TAGS[constants.SUCCESS]}"' in (
        client.get("/app/acme").content.decode()
    )


def test_a_page_that_is_not_there_writes_nothing(client):
    sign_in(make_user("reader"), client=client)
    session = client.cookies["session"].value

    client.get("/nothing")

    assert client.cookies["session"].value == session
