"""The admin site: what can be done to an account, and to whose."""

import pytest
from django.test import Client

from accounts.models import AuditEvent
from tests.accounts.users.admin_site import USERS, admin_page
from tests.support.invariants import broken
from tests.support.mails import subjects
from tests.support.people import (
    enrol,
    post_password,
    sign_in,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_r33_removes_two_factor_with_a_reason_a_record_and_a_mail(admin, alice, mailoutbox):
    app = enrol(alice)
    client = sign_in(alice, app)

    response = admin.post(admin_page(alice, "disable-two-factor"), {"reason": "lost the phone"})

    assert response["Location"] == admin_page(alice)
    alice.refresh_from_db()
    assert not alice.is_enrolled
    assert broken() == []  # nothing of it is left, no code either
    assert client.get("/app/settings/profile").status_code == 302
    event = AuditEvent.objects.get(event="two_factor.disabled", subject="user:alice")
    assert (event.actor, event.door, event.data["reason"]) == ("user:root", "admin", "lost the phone")
    assert subjects(mailoutbox, alice.email)[-1] == "Two-factor authentication was removed"
    assert "lost the phone" in mailoutbox[-1].body
    assert "127.0.0.1\n" not in mailoutbox[-1].body  # where the administrator sits


@pytest.mark.parametrize("reason", ["", " ", "x\x00y", "x" * 100_000])
def test_r33_takes_a_reason(admin, alice, reason):
    enrol(alice)

    assert admin.post(admin_page(alice, "disable-two-factor"), {"reason": reason}).status_code == 422

    alice.refresh_from_db()
    assert alice.is_enrolled


def test_ad_08_an_owner_of_a_mandatory_organization_keeps_it(admin, alice):
    client = sign_in(alice, enrol(alice))
    client.post("/app/organizations/new", {"name": "fort", "email": "fort@example.com"})
    client.post("/app/fort/settings/authentication/require-two-factor")

    response = admin.post(admin_page(alice, "disable-two-factor"), {"reason": "lost the phone"})

    assert response.status_code == 422
    assert b"fort" in response.content
    alice.refresh_from_db()
    assert alice.is_enrolled


def test_showing_the_question_changes_nothing(admin, alice):
    enrol(alice)

    for action in ("disable-two-factor", "deactivate", "rights"):
        assert admin.get(admin_page(alice, action)).status_code == 200

    alice.refresh_from_db()
    assert alice.is_enrolled
    assert alice.is_active


def test_se_09_deactivating_ends_every_session_at_once(admin, alice, mailoutbox):
    client, pending = sign_in(alice), Client()

    assert admin.post(admin_page(alice, "deactivate"), {"reason": "left"}).status_code == 302

    assert client.get("/app/settings/profile").status_code == 302
    assert post_password(pending, alice).status_code == 422
    assert subjects(mailoutbox, alice.email)[-1] == "Your account was deactivated"

    admin.post(admin_page(alice, "reactivate"), {"reason": "is back"})
    assert post_password(pending, alice).status_code == 302


def test_lg_22_deactivating_voids_a_pending_login(admin, alice):
    app = enrol(alice)
    pending = Client()
    post_password(pending, alice)

    admin.post(admin_page(alice, "deactivate"), {"reason": "left"})

    assert pending.post("/session/two-factor", {"code": app.fresh_code()})["Location"] == "/session"
    assert pending.get("/app/settings/profile").status_code == 302


def test_superusers_change_rights_and_it_is_recorded(admin, alice):
    reason = {"reason": "joins the desk"}
    assert admin.post(admin_page(alice, "rights"), {"is_staff": "on", **reason}).status_code == 302

    alice.refresh_from_db()
    assert (alice.is_staff, alice.is_superuser) == (True, False)
    assert AuditEvent.objects.filter(event="account.rights_changed", subject="user:alice").count() == 1


def test_ad_06_staff_helps_people_but_gives_no_rights_and_touches_no_superuser(desk, root, alice):
    enrol(root)

    assert desk.post(admin_page(alice, "rights"), {"is_staff": "on", "reason": "x"}).status_code == 403
    assert desk.post(admin_page(root, "disable-two-factor"), {"reason": "mine now"}).status_code == 422
    assert desk.post(admin_page(root, "deactivate"), {"reason": "mine now"}).status_code == 422
    assert desk.post(admin_page(alice, "deactivate"), {"reason": "left"}).status_code == 302

    root.refresh_from_db()
    assert root.is_active
    assert root.is_enrolled


@pytest.mark.parametrize(("action", "data"), [("deactivate", {"reason": "x"}), ("rights", {"reason": "x"})])
def test_nobody_acts_upon_the_own_account(admin, root, action, data):
    assert admin.post(admin_page(root, action), data).status_code == 422

    root.refresh_from_db()
    assert root.is_active
    assert root.is_superuser


@pytest.mark.parametrize("path", ["0/act/deactivate/", "999999/act/deactivate/", "1/act/explode/"])
def test_unknown_people_and_actions_are_not_found(admin, path):
    assert admin.get(USERS + path, follow=True).status_code == 404
