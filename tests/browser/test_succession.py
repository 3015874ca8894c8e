"""The only owner goes: by leaving, and by being deactivated, with the next owner named on the same page."""

import pytest

from accounts.models import User
from organizations.models import Membership, OrganizationToken
from tests.support import people
from tests.support.organizations import found

pytestmark = pytest.mark.browser


def owners():
    rows = Membership.objects.owners().filter(organization__name="acme", user__is_active=True)
    return [row.username for row in rows]


def test_the_only_owner_leaves_and_names_the_next_one(open_browser, alice, bob):
    found("acme", alice, members=[bob])
    person = open_browser(alice)
    person.sign_in()
    person.goto("/app/settings/organizations")
    person.page.get_by_role("link", name="Leave organization acme").click()

    person.page.get_by_label("Next owner").fill("nobody")
    person.click("Leave acme")
    assert "isn't another member of acme" in person.text
    person.page.get_by_label("Next owner").fill("bob")
    person.click("Leave acme")

    assert "You have left acme." in person.text
    assert owners() == ["bob"]


def test_a_site_admin_deactivates_the_only_owner(open_browser, alice, bob, carol):
    found("acme", alice, members=[bob])
    owner = people.sign_in(alice)
    owner.post("/app/acme/settings/authentication-tokens/owners/create", {"expires": "30"})
    owner.post("/app/acme/settings/users/add", {"username": "someone@elsewhere.example"})
    User.objects.filter(pk=carol.pk).update(is_staff=True, is_superuser=True)
    admin = open_browser(carol)
    admin.sign_in()
    admin.enrol()
    admin.goto(f"/admin/accounts/user/{alice.pk}/act/deactivate/")

    assert "alice is the only active owner of this organization" in admin.text
    assert "acme: 1 invitation" in admin.text
    admin.page.get_by_label("Reason").fill("has left")
    admin.click("Deactivate")
    assert "Nobody else can manage acme." in admin.text
    assert owners() == ["alice"]
    admin.page.get_by_label("Next owner of acme").fill("bob")
    admin.click("Deactivate")

    assert "The account alice is deactivated." in admin.text
    assert owners() == ["bob"]
    assert not OrganizationToken.objects.exists()
    assert not Membership.objects.invited().exists()
