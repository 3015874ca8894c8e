"""New people on sites that are not open to everybody: invited by a site admin, or to an organization."""

import pyotp
import pytest

from tests.browser.conftest import Person
from tests.support import people
from tests.support.organizations import enrolled, found, require

pytestmark = pytest.mark.browser

PAGE = "/app/invitations"
PASSWORD = "a password for newcomers"


@pytest.fixture
def open_at(browser, kind):
    """open_at(site): somebody who has no account yet, in a browser of their own."""
    contexts = []

    def begin(site, user=None):
        context = browser.new_context(base_url=site.url, **kind)
        context.set_default_timeout(60_000)
        contexts.append(context)
        return Person(user, context.new_page())

    yield begin
    for context in contexts:
        context.close()


def link_in_mail(site, address):
    text = site.wait_for_mail(address).get_body(("plain",)).get_content()
    return next(word for word in text.split() if f"{PAGE}/" in word)


def sign_up(person, link, said):
    """Open the link of an invitation, and create an account with the address that it is for."""
    page = person.page
    person.goto(link)
    assert "token" not in page.url
    assert said in person.text
    person.click("Create an account", role="link")
    assert said in person.text
    address = page.locator("[name=email]")
    assert address.input_value() == "newcomer@example.com"
    assert not address.is_editable()
    page.fill("[name=username]", "newcomer")
    page.fill("[name=password]", PASSWORD)
    person.click("Create account")


def set_up(person):
    page = person.page
    person.click("Enable 2FA")
    page.fill("[name=code]", pyotp.TOTP(person.scan()).now())
    person.click("Verify")
    person.click("I have kept them")


def test_a_site_admin_invites_to_a_closed_site(open_at, start_site, transactional_db):
    site = start_site(SIGN_UP="closed")
    root = people.make_user("root", is_staff=True, is_superuser=True)
    admin = open_at(site, root)
    admin.sign_in()
    admin.enrol()
    admin.goto("/account/new")
    stranger = open_at(site)
    stranger.goto("/account/new")
    assert "You can't create an account" in stranger.text

    admin.goto("/admin/accounts/siteinvitation/")
    admin.click("Invite people", role="link")
    admin.page.fill("[name=addresses]", "newcomer@example.com")
    admin.click("Send invitations")
    assert "1 invitation is on its way." in admin.text

    person = open_at(site)
    sign_up(person, link_in_mail(site, "newcomer@example.com"), "root has invited you to create an account.")
    assert person.path == "/app"
    assert "Confirm your email address" not in person.text
    person.click("Set up two-factor authentication", role="link")
    set_up(person)
    assert person.path == "/app"
    assert "Two-factor authentication is on." in person.text
    admin.goto("/admin/accounts/siteinvitation/")
    assert "Nobody is invited." in admin.text


def test_an_owner_invites_to_an_organization_that_requires_two_factor(open_at, start_site, transactional_db):
    site = start_site(SIGN_UP="invited")
    owner = people.make_user("owner")
    acme = found("acme", owner)
    app = enrolled(owner)
    require(acme)
    inviting = open_at(site, owner)
    inviting.sign_in()
    inviting.enter_code(app.fresh_code())
    inviting.goto("/app/acme/settings/users/invite")
    inviting.page.fill("[name=username]", "newcomer@example.com")
    inviting.click("Invite user")

    person = open_at(site)
    link = link_in_mail(site, "newcomer@example.com")
    sign_up(person, link, "owner has invited you to join acme.")
    assert person.path == PAGE
    assert "acme has required two-factor authentication since" in person.text
    person.click("Accept acme")
    assert person.path == "/app/settings/two-factor"
    assert "You are now a member of acme." in person.text
    set_up(person)

    assert person.path == "/app/acme"
    person.goto(link)
    assert person.path == "/app/acme"
    assert "You are a member of acme." in person.text
