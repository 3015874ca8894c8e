"""The banner on every page when backup codes run out (R28)."""

import pytest
from django.test import Client

from tests.support.people import enrol, post_password, sign_in


def log_in_with(code, user):
    client = Client()
    post_password(client, user)
    client.post("/session/two-factor-recovery", {"code": code})
    return client


@pytest.mark.parametrize(("used", "shown"), [(6, False), (7, True), (10, True)])
def test_banner_appears_at_three_codes_or_fewer(alice, used, shown):
    app = enrol(alice)
    for code in app.codes[:used]:
        client = log_in_with(code, alice)

    page = client.get("/app")

    assert (f"You have {10 - used} backup code" in page.content.decode()) is shown


def test_banner_goes_when_codes_are_renewed(alice):
    app = enrol(alice)
    for code in app.codes[:8]:
        log_in_with(code, alice)
    client = sign_in(alice, app)
    assert b"You have 2 backup codes left" in client.get("/app").content

    client.post("/app/settings/two-factor/renew-codes")

    assert b"backup codes left" not in client.get("/app").content


def test_nobody_without_two_factor_sees_it(alice):
    assert b"backup codes left" not in sign_in(alice).get("/app").content
