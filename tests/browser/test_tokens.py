"""Tokens in a real browser: generated, copied where that is possible, used, revoked; `terraform login`."""

import pytest
from playwright.sync_api import expect

from accounts.models import ApiToken
from tests.api.clients import LiveClient
from tests.browser.conftest import expire_sudo
from tests.support.people import PASSWORD

pytestmark = pytest.mark.browser

PAGE = "/app/settings/tokens"
LOGIN = f"{PAGE}?source=terraform-login"


def shown(person):
    return person.page.locator("#token").inner_text()


def status_with(site, secret, path="/account/details"):
    return LiveClient(site, secret).get(path).status_code


def test_generate_use_and_revoke(live_site, open_browser, alice):
    person = open_browser(alice)
    person.sign_in()
    person.goto(PAGE)
    person.page.fill("[name=description]", "nightly build")
    person.page.select_option("[name=expires]", "30")
    person.click("Generate token")
    secret = shown(person)
    assert status_with(live_site, secret) == 200

    person.click("Done", role="link")
    assert "Tokens (1)" in person.text
    assert secret not in person.page.content()
    person.page.locator("summary.button-danger").click()
    person.click("Revoke this token")

    assert "Tokens (0)" in person.text
    assert status_with(live_site, secret) == 401


def test_the_token_is_copied_as_it_is(live_site, browser, open_browser, alice, kind):
    person = open_browser(alice)
    person.sign_in()
    person.goto(PAGE)
    person.page.fill("[name=description]", "ci")
    person.click("Generate token")

    copy = person.page.locator("[data-copy]")
    if not kind.get("java_script_enabled", True):
        assert copy.is_hidden()  # it would do nothing
        return
    person.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(person.page.get_by_role("button", name="Copy", exact=True)).to_have_count(1)
    copy.click()
    expect(copy).to_have_text("Copied")
    expect(person.page.locator("[data-copy] + [role=status]")).to_have_text("Copied")
    assert person.page.evaluate("navigator.clipboard.readText()") == shown(person)


def test_terraform_login_from_the_address_that_it_prints_to_the_token(live_site, open_browser, alice):
    person = open_browser(alice)
    person.sign_in(LOGIN)
    assert person.page.url.endswith(LOGIN)
    assert person.page.input_value("[name=description]") == "terraform login"

    person.click("Generate token")

    assert "Paste this token into the terminal" in person.text
    assert status_with(live_site, shown(person)) == 200


def test_a_fresh_proof_is_asked_and_what_was_typed_is_still_there(open_browser, alice):
    person = open_browser(alice)
    person.sign_in()
    expire_sudo(alice)
    person.goto(PAGE)
    person.page.fill("[name=description]", "nightly build")
    person.page.select_option("[name=expires]", "365")
    person.click("Generate token")
    assert person.path == "/session/sudo"

    person.page.fill("[name=password]", PASSWORD)
    person.page.locator("main button[type=submit]").first.click()

    assert person.path == PAGE
    assert person.page.input_value("[name=description]") == "nightly build"
    assert person.page.input_value("[name=expires]") == "365"
    assert not ApiToken.objects.exists()


def test_owners_make_regenerate_and_delete_a_token(live_site, open_browser, alice):
    person = open_browser(alice)
    person.sign_in()
    person.goto("/app/organizations/new")
    person.page.fill("[name=name]", "acme")
    person.click("Create organization")
    person.goto("/app/acme/settings/authentication-tokens")
    person.click("Create token")
    first = shown(person)
    person.click("Done", role="link")

    person.page.locator("summary", has_text="Regenerate").click()
    person.click("Regenerate token")
    second = shown(person)
    path = "/organizations/acme"
    assert [status_with(live_site, secret, path) for secret in (first, second)] == [401, 200]

    person.click("Done", role="link")
    person.page.locator("summary", has_text="Delete").click()
    person.click("Delete this token")
    assert status_with(live_site, second, path) == 401
