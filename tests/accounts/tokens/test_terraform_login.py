"""terraform login: one click, a proof before it, and nothing is lost on the way."""

import pytest
from django.test import Client

from tests.accounts.tokens.pages import CREATE, FORM, PAGE, text_of
from tests.api.clients import ApiClient
from tests.support.organizations import let_sudo_expire
from tests.support.pages import secret_on
from tests.support.people import PASSWORD, enrol, sign_in
from tests.support.two_factor import answer

pytestmark = pytest.mark.django_db(transaction=True)

LOGIN = f"{PAGE}?source=terraform-login"


def test_terraform_login_takes_one_click(alice):
    client = sign_in(alice)

    page = client.get(LOGIN)
    response = client.post(
        CREATE, {"source": "terraform-login", "description": "terraform login", "expires": "30"}
    )

    assert "<code>terraform login</code> on your computer is waiting" in page.content.decode()
    assert 'value="terraform login"' in page.content.decode()
    assert '<option value="30" selected>' in page.content.decode()
    assert "Paste this token into the terminal" in text_of(response)
    assert ApiClient(secret_on(response)).get("/account/details").status_code == 200


def test_terraform_login_asks_for_the_proof_before_the_click(alice):
    client = sign_in(alice)
    let_sudo_expire(alice)

    asked = client.get(LOGIN)
    back = client.post(asked["Location"], {"password": PASSWORD})

    assert asked["Location"].startswith("/session/sudo?next=")
    assert back["Location"] == LOGIN
    assert "is waiting" in text_of(client.get(LOGIN))


def test_a_click_that_comes_too_late_returns_to_where_it_was(alice):
    client = sign_in(alice)
    let_sudo_expire(alice)

    asked = client.post(CREATE, {"source": "terraform-login", **FORM})
    back = client.post(asked["Location"], {"password": PASSWORD})["Location"]

    page = client.get(back).content.decode()
    assert "is waiting" in text_of(client.get(back))
    assert 'name="source" value="terraform-login"' in page
    assert 'value="nightly build"' in page


def test_terraform_login_of_somebody_who_is_not_signed_in_leads_through_both_steps(alice):
    app = enrol(alice)
    client = Client()

    asked = client.get(LOGIN)
    second = client.post(asked["Location"], {"username": "alice", "password": PASSWORD})
    back = answer(client, app.fresh_code(), second["Location"])

    assert asked["Location"].startswith("/session?next=")
    assert back["Location"] == LOGIN
    assert client.get(LOGIN).status_code == 200


@pytest.mark.parametrize("source", ["", "github", "terraform-login%20", "<script>"])
def test_another_source_is_none(alice, source):
    page = sign_in(alice).get(f"{PAGE}?source={source}")

    assert page.status_code == 200
    assert "is waiting" not in text_of(page)
    assert "<script>alert" not in page.content.decode()
