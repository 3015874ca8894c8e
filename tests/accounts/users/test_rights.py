"""Rights of staff on the admin site: who gives them, and what they open."""

import re

import pytest
from django.contrib.admin import site as admin_site
from django.contrib.auth.models import Group, Permission

from accounts.audit import Actor
from accounts.models import AuditEvent, OutboxMessage, User
from accounts.outbox.delivery import send_due
from accounts.users import administration
from accounts.users.rights import Rights, UnknownPermission, grantable
from tests.accounts.users.admin_site import AUDIT_EVENTS, USERS, act, admin_page, state_of
from tests.support.crawler import undone
from tests.support.people import PASSWORD, enrol, make_staff, make_user, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


def test_sf3_staff_without_permissions_sees_an_empty_overview(alice):
    nobody = make_staff("nobody")
    client = sign_in(nobody, enrol(nobody))
    index = client.get("/admin/")

    assert index.status_code == 200
    assert "/admin/accounts/" not in index.content.decode()
    for path in [USERS, admin_page(alice), f"{USERS}99999/history/", "/admin/accounts/", AUDIT_EVENTS]:
        assert client.get(path).status_code == 403, path
    for path in ["organization/", "membership/", ""]:
        assert client.get(f"/admin/organizations/{path}").status_code == 403, path


SEEN_WITH = {
    "accounts.view_user": USERS,
    "accounts.change_user": USERS,
    "accounts.view_auditevent": AUDIT_EVENTS,
    "accounts.view_siteinvitation": "/admin/accounts/siteinvitation/",
    "accounts.add_siteinvitation": "/admin/accounts/siteinvitation/",
    "organizations.view_organization": "/admin/organizations/organization/",
    "organizations.view_membership": "/admin/organizations/membership/",
    "factor_sms.view_destination": "/admin/factor_sms/destination/",
    "factor_sms.change_destination": "/admin/factor_sms/destination/",
}


@pytest.mark.parametrize("name", SEEN_WITH)
def test_sf3_a_permission_that_a_superuser_gives_opens_just_that(admin, alice, name):
    client = sign_in(alice, enrol(alice))

    assert act(admin, alice, "rights", is_staff="on", permissions=[name]).status_code == 302

    seen = {path for path in SEEN_WITH.values() if client.get(path).status_code == 200}
    assert seen == {SEEN_WITH[name]}
    assert act(admin, alice, "rights", is_staff="", permissions=[name]).status_code == 302
    assert state_of(alice)[2:] == (False, False, [])
    assert client.get("/admin/").status_code == 403


def test_sf3_everything_that_the_admin_site_shows_can_be_given_to_staff():
    shown = {f"{model._meta.app_label}.view_{model._meta.model_name}" for model in admin_site._registry}

    assert shown <= set(grantable)
    assert set(SEEN_WITH) == set(grantable)


def test_sf3_the_event_has_the_old_rights_and_the_new_ones(admin, alice):
    act(admin, alice, "rights", permissions=["accounts.view_user", "accounts.change_user"])
    act(admin, alice, "rights", is_superuser="on", permissions=[])

    first, second = AuditEvent.objects.filter(event="account.rights_changed").order_by("pk")
    assert first.data["old"] == {"staff": False, "superuser": False, "permissions": []}
    assert first.data["new"]["permissions"] == ["accounts.change_user", "accounts.view_user"]
    assert second.data["old"] == first.data["new"]
    assert second.data["new"] == {"staff": True, "superuser": True, "permissions": []}


def hidden_on(page):
    """Return the hidden field that a browser sends back."""
    return {
        "rights_shown": re.search(r'name="rights_shown"(?: value="([^"]*)")?', page.content.decode())[1] or ""
    }


def ticked_on(page):
    return re.findall(r'name="(\w+)"(?: value="([\w.]+)")?[^>]* checked', page.content.decode())


def test_ad_15_sf3_an_old_page_gives_back_nothing_that_was_taken_since(admin, root):
    """One superuser adds a permission while another demotes: the page still had the tick at superuser."""
    person = make_staff("person", "accounts.view_user", is_superuser=True)
    other = make_user("other-root", is_staff=True, is_superuser=True)
    page = admin.get(admin_page(person, "rights"))
    old = hidden_on(page) | {name: value or "on" for name, value in ticked_on(page)}
    colleague = sign_in(other, enrol(other))
    assert act(colleague, person, "rights", permissions=["accounts.view_auditevent"]).status_code == 302
    taken = state_of(person)
    assert taken[2:] == (True, False, ["view_auditevent"])

    response = admin.post(admin_page(person, "rights"), old | {"reason": "helps out"})

    assert response.status_code == 422
    assert "These rights have changed since you opened the page" in response.content.decode()
    assert state_of(person) == taken
    assert AuditEvent.objects.filter(event="account.rights_changed").count() == 1
    # What the page shows then is true, and can be sent.
    assert ticked_on(response) == [("is_staff", ""), ("permissions", "accounts.view_auditevent")]
    assert 'value="helps out"' in response.content.decode()
    again = {"is_staff": "on", "permissions": ["accounts.view_user"], "reason": "helps out"}
    assert admin.post(admin_page(person, "rights"), again | hidden_on(response)).status_code == 302
    assert state_of(person)[2:] == (True, False, ["view_user"])


@pytest.mark.parametrize("shown", [None, "", "superuser", "staff accounts.view_user x", "\x00", "x" * 5000])
def test_sf3_rights_that_the_page_did_not_show_change_nothing(admin, shown):
    person = make_staff("person", "accounts.view_user")
    before = state_of(person)
    fields = {"is_staff": "on", "reason": "x"} | ({} if shown is None else {"rights_shown": shown})

    assert admin.post(admin_page(person, "rights"), fields).status_code == 422

    assert state_of(person) == before


def test_sf3_rights_that_change_in_the_last_moment_are_not_given_back(admin, alice, before):
    def promote():
        User.objects.filter(pk=alice.pk).update(is_staff=True)

    before(administration, "acting", promote)

    assert act(admin, alice, "rights", is_superuser="on").status_code == 422
    assert state_of(alice)[2:] == (True, False, [])


def test_sf3_the_form_shows_the_present_rights(admin):
    helper = make_staff("helper", "accounts.change_user")
    page = admin.get(admin_page(helper, "rights"))

    assert ticked_on(page) == [("is_staff", ""), ("permissions", "accounts.change_user")]


@pytest.mark.parametrize("name", ["accounts.delete_user", "auth.add_permission", "x", ""])
def test_sf3_no_other_permission_can_be_given(admin, alice, name):
    assert act(admin, alice, "rights", permissions=[name]).status_code == 422

    assert state_of(alice)[2:] == (False, False, [])


def test_sf3_who_is_no_staff_any_more_has_no_permission_left():
    helper = make_staff("helper", "accounts.change_user")
    assert User.objects.get(pk=helper.pk).has_perm("accounts.change_user")

    User.objects.filter(pk=helper.pk).update(is_staff=False)

    assert not User.objects.get(pk=helper.pk).has_perm("accounts.change_user")


def test_sf3_a_group_gives_nobody_anything():
    helper, group = make_staff("helper"), Group.objects.create(name="admins")
    group.permissions.set(Permission.objects.all())
    helper.groups.add(group)

    assert not User.objects.get(pk=helper.pk).has_perm("accounts.change_user")


def test_sf3_the_only_superuser_does_not_delete_the_own_account(admin, root):
    response = admin.post("/app/settings/profile/delete", {"password": PASSWORD})

    assert response.status_code == 422
    assert "only active superuser" in response.content.decode()
    make_user("not-staff", is_superuser=True)  # a script forgot it: the admin site lets nobody else in
    assert admin.post("/app/settings/profile/delete", {"password": PASSWORD}).status_code == 422
    make_user("other-root", is_superuser=True, is_staff=True)
    assert admin.post("/app/settings/profile/delete", {"password": PASSWORD}).status_code == 302
    assert not User.objects.filter(pk=root.pk).exists()


def test_sf3_superusers_are_told_when_somebody_with_rights_deletes_their_account(
    root, alice, bob, mailoutbox
):
    helper = make_staff("helper", "accounts.change_user")
    for user in (alice, helper):
        sign_in(user).post("/app/settings/profile/delete", {"password": PASSWORD})
    send_due()

    assert not User.objects.filter(pk__in=[alice.pk, helper.pk]).exists()
    told = [mail for mail in mailoutbox if mail.to == [root.email]]
    assert [mail.subject for mail in told] == ["helper: account deleted"]
    assert "- Deactivate and reactivate users" in told[0].body
    assert "helper" in told[0].body[told[0].body.index("Who did it:") :]


def test_sf3_a_right_that_the_database_does_not_know_is_not_said_to_be_given(alice):
    rights = Rights(staff=True, superuser=False, permissions=frozenset({"accounts.change_user"}))

    with undone():
        Permission.objects.filter(codename="change_user").delete()
        with pytest.raises(UnknownPermission, match=r"accounts\.change_user"):
            administration.change_rights(alice, rights=rights, reason="helps", actor=Actor.command())

        assert not OutboxMessage.objects.exists()
        assert not User.objects.get(pk=alice.pk).is_staff
