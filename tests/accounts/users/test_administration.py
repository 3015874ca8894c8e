"""The admin site: who gets in, what is to be seen there, and what can be done to an account."""

import re

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import translation
from django.utils.formats import get_format

from accounts.factors.backup_codes.models import BackupCode
from accounts.factors.totp.models import TOTPDevice
from accounts.models import AuditEvent, Session, User
from tests.support.mails import subjects
from tests.support.people import enrol, make_user, post_password, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

USERS = "/admin/accounts/user/"
AUDIT_EVENTS = "/admin/accounts/auditevent/"


@pytest.fixture
def root(transactional_db):
    return make_user("root", is_staff=True, is_superuser=True)


@pytest.fixture
def helper(transactional_db):
    """Staff, but no superuser."""
    return make_user("helper", is_staff=True)


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
    assert admin.post(admin_page(alice, "rights"), {"is_staff": "on"}).status_code == 302

    alice.refresh_from_db()
    assert (alice.is_staff, alice.is_superuser) == (True, False)
    assert AuditEvent.objects.filter(event="account.rights_changed", subject="user:alice").count() == 1


def test_ad_06_staff_helps_people_but_gives_no_rights_and_touches_no_superuser(desk, root, alice):
    enrol(root)

    assert desk.post(admin_page(alice, "rights"), {"is_staff": "on"}).status_code == 422
    assert desk.post(admin_page(root, "disable-two-factor"), {"reason": "mine now"}).status_code == 422
    assert desk.post(admin_page(root, "deactivate"), {"reason": "mine now"}).status_code == 422
    assert desk.post(admin_page(alice, "deactivate"), {"reason": "left"}).status_code == 302

    root.refresh_from_db()
    assert root.is_active
    assert root.is_enrolled


@pytest.mark.parametrize(("action", "data"), [("deactivate", {"reason": "x"}), ("rights", {})])
def test_nobody_acts_upon_the_own_account(admin, root, action, data):
    assert admin.post(admin_page(root, action), data).status_code == 422

    root.refresh_from_db()
    assert root.is_active
    assert root.is_superuser


@pytest.mark.parametrize("path", ["0/act/deactivate/", "999999/act/deactivate/", "1/act/explode/"])
def test_unknown_people_and_actions_are_not_found(admin, path):
    assert admin.get(USERS + path, follow=True).status_code == 404
