"""An action on an account takes a fresh proof, a reason and a right, and mails the people it affects."""

import base64
import re

import pytest
from django.contrib.auth.models import Permission

from accounts.audit import Actor
from accounts.factors.totp.factor import secret_of
from accounts.factors.totp.models import TOTPDevice
from accounts.models import AuditEvent, OutboxMessage, Session, User
from accounts.outbox import left_for_later
from accounts.outbox.delivery import LISTED, send_due
from accounts.two_factor import removal
from accounts.users import administration
from accounts.users.rights import Rights
from tests.accounts.users.admin_site import USERS, act, admin_page, state_of
from tests.support import parallel
from tests.support.mails import subjects
from tests.support.people import (
    Authenticator,
    enrol,
    make_staff,
    make_user,
    rights_shown,
    sign_in,
)
from tests.support.two_factor import let_sudo_expire

pytestmark = pytest.mark.django_db(transaction=True)

WHAT = {
    "disable-two-factor": ("two_factor.disabled", "bob: two-factor authentication removed"),
    "deactivate": ("account.deactivated", "bob: account deactivated"),
    "reactivate": ("account.reactivated", "bob: account reactivated"),
    "rights": ("account.rights_changed", "bob: rights changed"),
}
TO_THE_PERSON = {
    "disable-two-factor": "Two-factor authentication was removed",
    "deactivate": "Your account was deactivated",
    "reactivate": "Your account is active again",
    "rights": "Your rights on the admin site were changed",
}
actions = pytest.mark.parametrize("action", WHAT)


@pytest.fixture
def patient(bob):
    """Return bob, to whom each of the actions can be done, by action."""

    def prepared(action):
        enrol(bob)
        User.objects.filter(pk=bob.pk).update(is_active=action != "reactivate")
        return bob

    return prepared


@actions
def test_sf3_an_old_proof_does_nothing_and_leads_to_the_page_again(admin, root, patient, action):
    bob = patient(action)
    let_sudo_expire(root)
    before, page = state_of(bob), admin_page(bob, action)

    response = act(admin, bob, action)

    assert response["Location"] == f"/session/sudo?next={page.replace('/', '%2F')}"
    assert state_of(bob) == before
    code = enrolled_code(root)
    assert admin.post("/session/sudo", {"code": code, "next": page})["Location"] == page
    assert state_of(bob) == before  # never replayed
    assert act(admin, bob, action).status_code == 302
    assert state_of(bob) != before


def enrolled_code(user):
    device = TOTPDevice.objects.get(user=user)
    return Authenticator(user, base64.b32encode(secret_of(device)).decode()).fresh_code()


def test_sf3_the_page_says_beforehand_that_a_proof_is_needed(admin, root, alice):
    assert b"/session/sudo?next=" not in admin.get(admin_page(alice, "deactivate")).content
    let_sudo_expire(root)

    page = admin.get(admin_page(alice, "deactivate")).content.decode()

    assert f"/session/sudo?next={admin_page(alice, 'deactivate')}" in page


@actions
def test_sf3_the_person_and_every_superuser_are_told(admin, root, patient, action, mailoutbox):
    make_user("other-root", is_superuser=True, is_staff=True)
    make_user("gone-root", is_superuser=True, is_active=False)
    make_user("unconfirmed-root", is_superuser=True, email_confirmed_at=None)
    make_staff("helper", "accounts.change_user")
    bob = patient(action)
    mailoutbox.clear()

    act(admin, bob, action)

    event, subject = WHAT[action]
    recorded = AuditEvent.objects.get(event=event, subject="user:bob")
    assert (recorded.actor, recorded.data["reason"]) == ("user:root", "asked by phone")
    told = {mail.to[0]: mail for mail in mailoutbox}
    assert len(mailoutbox) == len(told) == 3
    assert told["bob@example.com"].subject == TO_THE_PERSON[action]
    assert told["root@example.com"].subject == told["other-root@example.com"].subject == subject
    for mail in mailoutbox:
        assert "asked by phone" in mail.body
        assert "127.0.0.1\n" not in mail.body  # where the administrator sits
    for name in ("root", "other-root"):
        assert "Who did it: root" in told[f"{name}@example.com"].body
    assert "root" not in told["bob@example.com"].body


@actions
@pytest.mark.parametrize("reason", ["", "  ", "\u200b\u202e", "x" * 201, "x\x00y"])
def test_sf3_without_a_reason_nothing_happens(admin, patient, action, reason):
    bob = patient(action)
    before = state_of(bob)

    assert act(admin, bob, action, reason).status_code == 422

    assert state_of(bob) == before


@actions
def test_sf3_who_may_only_see_changes_nothing(patient, action):
    viewer = make_staff("viewer", "accounts.view_user", "accounts.view_auditevent")
    client, bob = sign_in(viewer, enrol(viewer)), patient(action)
    before = state_of(bob)
    page = client.get(admin_page(bob))

    assert page.status_code == 200
    assert "/act/" not in page.content.decode()
    assert client.get(admin_page(bob, action)).status_code == 403
    assert act(client, bob, action).status_code == 403
    assert state_of(bob) == before


@actions
def test_sf3_staff_who_may_change_users_do_all_but_grant_rights(desk, patient, action):
    bob = patient(action)
    before = state_of(bob)

    assert act(desk, bob, action).status_code == (403 if action == "rights" else 302)

    assert (state_of(bob) == before) == (action == "rights")


@actions
def test_sf3_nobody_acts_on_the_own_account(admin, root, action):
    before = state_of(root)

    assert act(admin, root, action).status_code in (302, 422)  # 302: it is active already

    assert state_of(root) == before
    assert "/act/" not in admin.get(admin_page(root)).content.decode()


@actions
def test_sf3_staff_do_not_touch_who_may_do_more(patient, action):
    bob, viewer = patient(action), make_staff("desk", "accounts.change_user")
    client = sign_in(viewer, enrol(viewer))
    for rights in ({"is_staff": True}, {"is_staff": True, "is_superuser": True}):
        User.objects.filter(pk=bob.pk).update(**rights)
        bob.user_permissions.set(Permission.objects.filter(codename="view_auditevent"))
        before = state_of(bob)

        assert act(client, bob, action).status_code == (403 if action == "rights" else 422)

        assert state_of(bob) == before


@pytest.mark.parametrize("lost", ["is_staff", "is_superuser", "permission", "is_active"])
@actions
def test_sf3_rights_that_end_in_between_open_nothing(
    desk, admin, helper, root, patient, before, action, lost
):
    """They end after the page let the administrator in, before the verb has its locks."""
    bob, client, who = patient(action), desk, helper
    if action == "rights" or lost == "is_superuser":
        client, who = admin, root
    make_user("other-root", is_superuser=True, is_staff=True)
    former = state_of(bob)

    def take():
        who.user_permissions.clear()
        changes = {lost: False} if lost != "permission" else {"is_superuser": False}
        User.objects.filter(pk=who.pk).update(**changes)

    verb = (removal, "disable_once") if action == "disable-two-factor" else (administration, "acting")
    before(*verb, take)
    response = act(client, bob, action)

    if lost == "is_active":
        assert response["Location"].startswith("/session?next=/admin/")
    else:
        assert response.status_code == 422
        assert re.search("Only (a superuser|site admins)", response.content.decode())
    assert state_of(bob) == former


@actions
def test_sf3_a_session_that_ends_in_between_is_told_to_sign_in(admin, root, patient, before, action):
    bob = patient(action)
    former = state_of(bob)
    verb = (removal, "disable_once") if action == "disable-two-factor" else (administration, "acting")
    before(*verb, lambda: Session.objects.filter(user=root).delete())

    response = act(admin, bob, action)

    assert response["Location"].startswith("/session?next=/admin/")
    assert state_of(bob) == former


@actions
def test_sf3_somebody_who_is_gone_meanwhile_is_said_to_be(admin, patient, before, action):
    bob = patient(action)
    verb = (removal, "disable_once") if action == "disable-two-factor" else (administration, "acting")
    before(*verb, lambda: User.objects.filter(pk=bob.pk).delete())

    response = act(admin, bob, action)

    assert response["Location"] == USERS
    assert "has been deleted" in admin.get(USERS).content.decode()


@actions
def test_sf3_a_stale_page_says_what_is_true_and_records_nothing(admin, patient, action, mailoutbox):
    bob = patient(action)
    assert act(admin, bob, action).status_code == 302
    before, mails = state_of(bob), len(mailoutbox)

    assert act(admin, bob, action)["Location"] == admin_page(bob)

    assert "already" in admin.get(admin_page(bob)).content.decode()
    assert state_of(bob) == before
    assert AuditEvent.objects.filter(event=WHAT[action][0], subject="user:bob").count() == 1
    assert len(mailoutbox) == mails


@actions
@pytest.mark.races
def test_sf3_twice_at_once_is_one_change_and_one_mail(live_site, root, patient, action):
    bob, visitor = patient(action), parallel.sign_in(live_site, root, enrol(root))
    page = admin_page(bob, action)
    fields = {"reason": "x", **({"is_staff": "on"} | rights_shown(bob) if action == "rights" else {})}

    replies = parallel.fire(live_site, [parallel.write_down(visitor, page, **fields) for _ in range(6)])

    assert {reply.location for reply in replies} <= {admin_page(bob), None}
    assert AuditEvent.objects.filter(event=WHAT[action][0], subject="user:bob").count() == 1
    assert OutboxMessage.objects.filter(audience=LISTED).count() == 1


def test_ad_12_sf3_an_administrator_can_not_bury_the_mail_that_matters(admin, alice):
    for _ in range(30):
        assert act(admin, alice, "deactivate").status_code == 302
        assert act(admin, alice, "reactivate").status_code == 302

    response = act(admin, alice, "deactivate")

    assert response.status_code == 429
    assert int(response["Retry-After"]) > 60
    assert state_of(alice)[0]


@pytest.mark.parametrize("lost", ["is_superuser", "is_active"])
def test_sf3_who_was_a_superuser_at_a_change_is_told_of_it(root, alice, lost, mailoutbox):
    """Or somebody could make a superuser, who keeps the others from ever hearing of it."""
    everything = Rights(staff=True, superuser=True, permissions=frozenset())
    with left_for_later():
        administration.change_rights(alice, rights=everything, reason="friend", actor=Actor.command())
    User.objects.filter(pk=root.pk).update(**{lost: False})
    send_due()

    assert subjects(mailoutbox, "root@example.com") == ["alice: rights changed"]
