"""The admin site: who gets in, what is to be seen there, and what can be done to an account."""

import base64
import re

import pytest
from django.conf import settings
from django.contrib.admin import site as admin_site
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.utils import translation
from django.utils.formats import get_format

from accounts.audit import Actor
from accounts.factors.backup_codes.models import BackupCode
from accounts.factors.totp.factor import secret_of
from accounts.factors.totp.models import TOTPDevice
from accounts.models import AuditEvent, OutboxMessage, Session, User
from accounts.outbox import left_for_later
from accounts.outbox.delivery import LISTED, send_due
from accounts.two_factor import removal
from accounts.users import administration
from accounts.users.rights import Rights, UnknownPermission, grantable
from tests.support import parallel
from tests.support.crawler import undone
from tests.support.invariants import broken
from tests.support.mails import subjects
from tests.support.people import (
    PASSWORD,
    Authenticator,
    enrol,
    make_staff,
    make_user,
    post_password,
    rights_shown,
    sign_in,
)
from tests.support.two_factor import let_sudo_expire

pytestmark = pytest.mark.django_db(transaction=True)

USERS = "/admin/accounts/user/"
AUDIT_EVENTS = "/admin/accounts/auditevent/"


@pytest.fixture
def root(transactional_db):
    return make_user("root", is_staff=True, is_superuser=True)


@pytest.fixture
def helper(transactional_db):
    """Staff, but no superuser."""
    return make_staff("helper", "accounts.view_user", "accounts.change_user")


@pytest.fixture
def admin(root):
    return sign_in(root, enrol(root))


@pytest.fixture
def desk(helper):
    return sign_in(helper, enrol(helper))


def admin_page(user, action=""):
    return f"{USERS}{user.pk}/act/{action}/" if action else f"{USERS}{user.pk}/change/"


# ---------------------------------------------------------------- getting in


@pytest.mark.parametrize("path", ["/admin/", USERS, "/admin/login/?next=/admin/accounts/user/"])
def test_ad_01_anonymous_people_sign_in_on_the_sites_own_page(client, db, path):
    response = client.get(path, follow=True)

    assert response.redirect_chain[-1][0].startswith(("/session?next=/admin/", "/session?next=%2Fadmin%2F"))
    assert response.templates[0].name == "accounts/sign_in.html"


def test_ad_01_there_is_no_form_that_skips_the_factor(root):
    enrol(root)
    client = Client()

    client.post("/admin/login/", {"username": "root", "password": "correct horse battery staple 42"})

    assert client.get(USERS).status_code == 302


@pytest.mark.parametrize("path", ["/admin/", USERS, f"{USERS}1/change/", "/admin/jsi18n/"])
def test_ad_02_staff_without_two_factor_is_led_to_set_it_up(root, path):
    response = sign_in(root).get(path)

    assert response["Location"].startswith("/app/settings/two-factor?next=%2Fadmin")


def test_ad_02_an_enrolled_session_that_did_not_prove_it_is_led_to_sudo(root):
    client = sign_in(root, enrol(root))
    Session.objects.filter(user=root).update(verified_at=None)

    assert client.get(USERS)["Location"] == "/session/sudo?next=%2Fadmin%2Faccounts%2Fuser%2F"


def test_people_who_are_no_staff_are_sent_away(alice):
    client = sign_in(alice, enrol(alice))

    assert client.get("/admin/").status_code == 403
    assert client.get(USERS).status_code == 403


def test_ad_07_the_way_in_has_the_limits_of_the_site(root):
    for _ in range(10):
        post_password(Client(), root, "wrong")

    assert post_password(Client(), root).status_code == 429


def test_next_leads_only_to_this_site(admin):
    assert admin.get("/admin/login/?next=//evil.example/")["Location"] == "/admin/"


@pytest.mark.parametrize("path", ["logout/", "password_change/", "auth/group/", "auth/user/", "otp_totp/"])
def test_what_the_site_does_itself_is_not_here(admin, path):
    assert admin.get(f"/admin/{path}").status_code == 404


# ---------------------------------------------------------------- seeing


def pages(admin, *users):
    yield from ["/admin/", USERS, "/admin/accounts/", "/admin/accounts/auditevent/"]
    yield from (admin_page(user) for user in users)
    yield from (f"{USERS}{user.pk}/history/" for user in users)
    for event in AuditEvent.objects.all():
        yield f"/admin/accounts/auditevent/{event.pk}/change/"


def test_ad_03_no_secret_is_on_any_page(admin, root, alice):
    app = enrol(alice)
    alice.refresh_from_db()
    hidden = [app.key, app.key.lower(), alice.password, alice.security_stamp]
    hidden += app.codes + [code.replace("-", "") for code in app.codes]
    hidden += TOTPDevice.objects.values_list("sealed_secret", flat=True)
    hidden += list(Session.objects.values_list("key_hash", flat=True))
    hidden += list(BackupCode.objects.values_list("digest", flat=True))

    for path in pages(admin, root, alice):
        response = admin.get(path)
        assert response.status_code == 200, path
        text = response.content.decode()
        assert [secret for secret in hidden if secret in text] == [], path


def test_d22_times_are_shown_with_their_zone(admin, alice):
    enrol(alice)
    event = AuditEvent.objects.latest("pk")

    for path in [USERS, admin_page(alice), AUDIT_EVENTS, f"{AUDIT_EVENTS}{event.pk}/change/"]:
        text = admin.get(path).content.decode()
        assert re.findall(r"\d{4}, \d\d:\d\d UTC", text), path
        assert not re.findall(r"[ap]\.m\.|midnight|noon", text), path


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_d22_in_every_language(language):
    with translation.override(language):
        assert get_format("DATETIME_FORMAT").endswith(" T")


def test_ad_03_a_filter_does_not_tell_a_hash_letter_by_letter(admin, alice):
    for lookup in ("password__startswith=md5", "security_stamp__startswith=a", "sessions__key_hash__gt=0"):
        assert admin.get(f"{USERS}?{lookup}").status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "auditevent/?event__regex=(",
        "auditevent/?event__exact=%00",
        "auditevent/?event=%00",
        "auditevent/?door__iregex=[",
        "auditevent/?event__in=a,%00",
        "user/?email_confirmed_at__year=999999",
        "user/?email_confirmed_at__exact=0001-01-01T00:00:00%2B14:00",
        "user/?email_confirmed_at__isempty=%00",
        "user/?is_staff__exact=%00",
        "user/?two_factor_enabled_at__gte=x",
    ],
)
def test_what_no_filter_offers_is_refused_before_the_database_sees_it(admin, query):
    assert admin.get(f"/admin/accounts/{query}").status_code == 400


def test_every_link_of_every_filter_works(admin, alice):
    for place in ("accounts/user", "accounts/auditevent", "organizations/organization"):
        page = admin.get(f"/admin/{place}/").content.decode()
        links = set(re.findall(r'<a href="(\?[^"]+__[^"]+|\?event=[^"]+|\?door=[^"]+)"', page))
        assert links, place
        for link in links:
            assert admin.get(f"/admin/{place}/{link.replace('&amp;', '&')}").status_code == 200, link


@pytest.mark.parametrize("query", ["q=ali", "is_active__exact=1", "two_factor_enabled_at__isempty=0"])
def test_users_are_found(admin, alice, query):
    assert admin.get(f"{USERS}?{query}").status_code == 200


def test_ad_04_authenticators_have_no_page(admin):
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
    assert any("totp" in table for table in tables)

    assert "totp" not in admin.get("/admin/").content.decode().lower()


@pytest.mark.parametrize("path", ["add/", "{pk}/delete/", "{pk}/password/", "{pk}/change/"])
def test_ad_05_nothing_is_added_edited_or_deleted(admin, alice, path):
    before = User.objects.filter(pk=alice.pk).values().get()

    response = admin.post(USERS + path.format(pk=alice.pk), {"email": "evil@example.com", "password": "x"})

    assert response.status_code in (302, 403)  # 302: there is no such page, so back to the list
    assert User.objects.filter(pk=alice.pk).values().get() == before


def test_audit_events_are_read_only(admin):
    event = AuditEvent.objects.first()

    assert admin.post(f"/admin/accounts/auditevent/{event.pk}/delete/", {"post": "yes"}).status_code == 403
    assert admin.post(f"/admin/accounts/auditevent/{event.pk}/change/", {"event": "x"}).status_code == 403


def test_the_pages_need_no_inline_script_or_style(admin, alice):
    for path in (USERS, admin_page(alice), admin_page(alice, "deactivate")):
        text = admin.get(path).content.decode()
        assert not re.search(r"<script(?![^>]*(src=|type=\"application/json\"))[^>]*>", text), path
        assert " style=" not in text, path


# ---------------------------------------------------------------- doing


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


# ---------------------------------------------------------------- a fresh proof, a reason, news

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


def act(client, user, action, reason="asked by phone", **fields):
    if action == "rights":
        fields = {"is_staff": "on", "permissions": ["accounts.view_user"]} | rights_shown(user) | fields
    return client.post(admin_page(user, action), {"reason": reason, **fields})


def state_of(user):
    row = User.objects.get(pk=user.pk)
    permissions = sorted(row.user_permissions.values_list("codename", flat=True))
    return row.is_active, row.is_enrolled, row.is_staff, row.is_superuser, permissions


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


# ---------------------------------------------------------------- rights


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
