"""The button of a mail says what the page says that it leads to."""

import re
from urllib.parse import urlsplit

import pytest
from django.test import Client

from tests.accounts.outbox.test_mails import BUTTON, NAMES, rendered
from tests.support.mails import link_in
from tests.support.organizations import found
from tests.support.people import PASSWORD, make_user, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

WITH_TOKENS = ("/account/confirm/", "/account/password/reset/", "/app/invitations/")
HEARD = re.compile(r"<(h1|button|label)\b[^>]*>(.*?)</\1>", re.DOTALL)


def said_on(client, path):
    """Return the heading, the buttons and the labels of a page, in small letters."""
    page = client.get(path, follow=True)
    assert page.status_code == 200, path
    return " ".join(re.sub("<[^>]*>", " ", text) for _, text in HEARD.findall(page.content.decode())).lower()


def pressed(mail):
    [(url, label)] = BUTTON.findall(mail.alternatives[0].content)
    return url, label


def test_a_button_to_a_page_of_the_site(db):
    owner = make_user("owner")
    found("acme", owner)
    client, wrong, seen = sign_in(owner), [], set()

    for name in NAMES:
        for url, label in BUTTON.findall(
            rendered(name, enrol_url="http://testserver/app/settings/two-factor").html
        ):
            path = urlsplit(url).path
            if path.startswith((*WITH_TOKENS, "/admin/")) or (path, label) in seen:
                continue
            seen.add((path, label))
            reader = Client() if path in ("/session", "/account/password/forgot") else client
            said = said_on(reader, path).replace("two factor", "two-factor")
            words = [word for word in label.lower().split() if len(word) > 3]
            wrong += [] if any(word in said for word in words) else [(name, label, said)]

    assert len(seen) > 7
    assert wrong == []


def test_the_button_that_confirms_an_address(mailoutbox):
    client = Client()
    client.post("/account/new", {"username": "new", "email": "new@example.com", "password": PASSWORD})

    _, label = pressed(mailoutbox[-1])

    assert label.lower() in said_on(client, link_in(mailoutbox[-1], "/account/confirm/"))


def test_the_button_for_a_new_password(mailoutbox):
    make_user("alice")
    Client().post("/account/password/forgot", {"email": "alice@example.com"})

    _, label = pressed(mailoutbox[-1])

    assert label.lower() in said_on(Client(), link_in(mailoutbox[-1], "/account/password/reset/"))


def test_the_button_of_an_invitation(mailoutbox):
    owner, guest = make_user("owner"), make_user("guest")
    found("acme", owner)
    sign_in(owner).post("/app/acme/settings/users/add", {"username": "guest"})

    url, label = pressed(mailoutbox[-1])

    heard = said_on(sign_in(guest), urlsplit(url).path)
    assert label.lower().removeprefix("open the ") in heard
