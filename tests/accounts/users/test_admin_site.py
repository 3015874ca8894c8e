"""The admin site: who gets in, and what is to be seen there."""

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
from tests.accounts.users.admin_site import AUDIT_EVENTS, USERS, admin_page
from tests.support.people import enrol, post_password, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


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
