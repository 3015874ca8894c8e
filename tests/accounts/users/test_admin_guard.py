"""Every address below /admin/, Django's own included: who gets in, and what a POST requires."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth import aauthenticate, authenticate, login
from django.contrib.auth.forms import AdminPasswordChangeForm, SetPasswordForm
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLResolver, get_resolver, path
from django.utils import timezone

from accounts.audit import Actor, Event, record
from accounts.exceptions import SessionEnded
from accounts.factors.sms.models import Destination, Purpose
from accounts.models import Session, User
from accounts.sessions.store import SessionStore
from accounts.users.site_invitations import invite_to_site
from organizations.models import Membership
from tests.support.crawler import dump
from tests.support.organizations import found
from tests.support.people import PASSWORD, enrol, make_staff, make_user, sign_in
from tests.support.two_factor import let_sudo_expire

pytestmark = pytest.mark.django_db(transaction=True)

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")
METHODS = ["POST", "PUT", "PATCH", "DELETE"]
# What anybody may send something to: it only leads on to the proof that is missing.
LEADS_ON = "/admin/login/"
# What staff see without any permission: nothing about anybody.
FOR_ALL_STAFF = {"/admin/", "/admin/jsi18n/"}


def patterns(urls=None, above="/admin/"):
    """Yield (path with converters, pattern) of every address of the admin site."""
    for url in admin.site.get_urls() if urls is None else urls:
        text = above + str(url.pattern).removeprefix("^").removesuffix("$")
        if isinstance(url, URLResolver):
            yield from patterns(url.url_patterns, text)
        else:
            yield text, url


def addresses(person):
    known = {"content_type_id": "1", "app_label": "accounts", "pk": person.pk, "url": "nothing"}
    for text, _url in patterns():
        _, _, app, model, *_ = [*text.split("/"), ""]
        kind = User if app == "r" or "object_id" not in text else apps.get_model(app, model)
        for slug in ["deactivate", "reactivate", "rights", "disable-two-factor"]:
            names = known | {"slug": slug, "object_id": kind.objects.latest("pk").pk}
            yield PARAMETER.sub(lambda found, names=names: str(names[found[1] or found[2]]), text)


@pytest.fixture
def scene(alice, bob):
    """bob, and one of everything that the admin site shows."""
    enrol(bob)
    found("acme", alice, members=[bob])
    record(Event.LOGOUT, actor=Actor.command(), subject="user:bob", user=bob)
    invite_to_site("dora@example.com", actor=Actor.command())
    Destination.objects.create(key="US", country="US", purpose=Purpose.SET_UP)
    return sorted(set(addresses(bob)))


# Enough for every form, so that the guard alone stands in the way.
FIELDS = {
    "reason": "x",
    "is_staff": "on",
    "is_superuser": "on",
    "action": "delete_selected",
    "_selected_action": "1",
    "post": "yes",
    "email": "evil@example.com",
    "password": "x",
}


def staff_browser(*names, superuser=False):
    user = make_user("root", is_staff=True, is_superuser=True) if superuser else make_staff("desk", *names)
    return user, sign_in(user, enrol(user))


def send(client, method, where):
    return client.generic(
        method,
        where,
        "&".join(f"{name}={value}" for name, value in FIELDS.items()),
        content_type="application/x-www-form-urlencoded",
    )


def test_the_walk_reaches_the_pages_that_there_are(scene, bob):
    expected = {"/admin/", "/admin/autocomplete/", "/admin/jsi18n/", LEADS_ON, "/admin/nothing"}
    expected |= {f"/admin/accounts/user/{bob.pk}/act/{slug}/" for slug in ("rights", "deactivate")}
    member = Membership.objects.latest("pk")
    expected |= {f"/admin/organizations/membership/{member.pk}/history/"}

    assert expected <= set(scene)
    assert len(scene) >= 35


@pytest.mark.parametrize("method", METHODS)
def test_ad_10_sf3_whatever_is_sent_takes_a_proof_of_the_last_five_minutes(scene, method):
    root, client = staff_browser(superuser=True)
    let_sudo_expire(root)
    before = dump()

    for where in scene:
        response = send(client, method, where)
        if where == LEADS_ON:
            assert response["Location"] == "/admin/"
        else:
            assert response["Location"] == f"/session/sudo?next={where.replace('/', '%2F')}", where
    assert dump() == before


def test_sf3_it_comes_back_to_the_page_that_it_was_sent_from(scene):
    root, client = staff_browser(superuser=True)
    let_sudo_expire(root)

    response = client.post("/admin/accounts/user/?q=bob&is_active__exact=1", FIELDS)

    assert response["Location"].endswith(
        "?next=%2Fadmin%2Faccounts%2Fuser%2F%3Fq%3Dbob%26is_active__exact%3D1"
    )


@pytest.mark.parametrize("method", METHODS)
def test_sf3_nobody_else_gets_anywhere(scene, alice, method):
    remembered_root, unproved = staff_browser(superuser=True)
    Session.objects.filter(user=remembered_root).update(factor=Session.REMEMBERED, proved_at=None)
    newcomer = make_staff("newcomer", "accounts.change_user")
    people = {
        Client(): ("/session?", "/admin/login/?"),
        sign_in(newcomer): ("/app/settings/two-factor?next=",),
        unproved: ("/session/sudo?next=",),
        sign_in(alice): (),
    }
    before = dump()

    for where in scene:
        for client, leads in people.items():
            response = send(client, method, where)
            if leads:
                assert response["Location"].startswith(leads), where
            else:
                assert response.status_code == 403, where
    assert dump() == before


def test_d14_nobody_is_led_in_a_circle(scene, alice):
    root, unverified = staff_browser(superuser=True)
    Session.objects.filter(user=root).update(verified_at=None)
    clients = [Client(), sign_in(make_staff("newcomer")), unverified, sign_in(alice)]

    for client in clients:
        for where in scene:
            seen = [to for to, _status in client.get(where, follow=True).redirect_chain]
            assert len(seen) == len(set(seen)) <= 3, (where, seen)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_ad_11_sf3_staff_without_permissions_see_and_change_nothing(scene, method):
    _desk, client = staff_browser()
    before = dump()

    for where in scene:
        response = client.get(where) if method == "GET" else send(client, method, where)
        if response.status_code == 302:  # an old address of Django, or the way to the overview
            assert response["Location"].startswith("/admin/"), where
        elif where not in FOR_ALL_STAFF:
            assert response.status_code in (403, 404, 405), where
    assert dump() == before


def test_sf3_who_may_see_everything_changes_nothing(scene):
    _desk, client = staff_browser(
        "accounts.view_user",
        "accounts.view_auditevent",
        "organizations.view_organization",
        "organizations.view_membership",
        "accounts.view_siteinvitation",
    )
    before = dump()

    for where in scene:
        assert send(client, "POST", where).status_code < 500, where
    assert dump() == before


def test_sf3_the_guard_holds_for_a_view_that_somebody_forgot_to_wrap():
    urls = [path("forgotten/", lambda request: HttpResponse("in"), name="forgotten")]
    admin.site.guard(urls)
    request = RequestFactory().post("/admin/forgotten/")
    request.session, request.user = SessionStore(), AnonymousUser()

    assert urls[0].callback(request)["Location"] == "/session?next=%2Fadmin%2Fforgotten%2F"


# ---------------------------------------------------------------- Django's own ways past the verbs


def test_sf2_no_address_is_a_view_of_django_contrib_auth():
    def views(urls):
        for url in urls:
            if isinstance(url, URLResolver):
                yield from views(url.url_patterns)
            else:
                yield url.callback.__module__

    assert [module for module in views(get_resolver().url_patterns) if "contrib.auth" in module] == []


def test_sf2_django_s_authenticate_lets_nobody_in(alice):
    with ThreadPoolExecutor(1) as elsewhere:  # this thread may have a loop of its own
        later = elsewhere.submit(asyncio.run, aauthenticate(username="alice", password=PASSWORD))
    assert later.result() is None
    assert authenticate(username="alice", password=PASSWORD) is None
    assert authenticate(RequestFactory().get("/"), username=alice.email, password=PASSWORD) is None


def test_ad_14_sf2_django_s_login_signs_nobody_in(alice):
    request = RequestFactory().get("/")
    request.session, request.user = SessionStore(), AnonymousUser()

    with pytest.raises(SessionEnded):
        login(request, alice)

    assert not Session.objects.exists()


def by_save(user, **changes):
    row = User.objects.get(pk=user.pk)
    for column, value in changes.items():
        setattr(row, column, value)
    return row


WAYS = {
    "update": lambda user, **changes: User.objects.filter(pk=user.pk).update(**changes),
    "bulk_update": lambda user, **changes: User.objects.bulk_update([by_save(user, **changes)], changes),
    "save": lambda user, **changes: by_save(user, **changes).save(),
    "save-by-name": lambda user, **changes: by_save(user, **changes).save(update_fields=list(changes)),
    "update_or_create": lambda user, **changes: User.objects.update_or_create(pk=user.pk, defaults=changes),
}


@pytest.mark.parametrize("way", WAYS)
def test_sf2_a_password_that_is_written_by_a_script_ends_every_session(alice, way):
    client = sign_in(alice)

    WAYS[way](alice, password=make_password("another long password 43"))

    assert client.get("/app/settings/profile")["Location"].startswith("/session")


@pytest.mark.parametrize("way", WAYS)
def test_sf2_an_account_that_a_script_deactivates_gets_no_session_back(alice, way):
    client = sign_in(alice)

    WAYS[way](alice, is_active=False)
    WAYS[way](alice, is_active=True)

    assert client.get("/app/settings/profile")["Location"].startswith("/session")


@pytest.mark.parametrize("way", WAYS)
def test_sf2_a_script_that_writes_something_else_signs_nobody_out(alice, way):
    client = sign_in(alice)

    WAYS[way](alice, date_joined=timezone.now())

    assert client.get("/app/settings/profile").status_code == 200


def test_sf2_a_script_that_saves_what_it_read_long_ago_brings_no_session_back(alice):
    client = sign_in(alice)
    read_long_ago = User.objects.get(pk=alice.pk)
    WAYS["update"](alice, is_active=False)
    WAYS["update"](alice, is_active=True)

    read_long_ago.save()

    assert client.get("/app/settings/profile")["Location"].startswith("/session")


def test_sf2_who_was_deactivated_past_the_verbs_gets_no_session_back_by_the_verb(alice):
    client = sign_in(alice)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET is_active = %s WHERE id = %s", [False, alice.pk])

    call_command("reactivate_user", "alice", "--reason", "was no thief", stdout=StringIO())

    assert client.get("/app/settings/profile")["Location"].startswith("/session")


@pytest.mark.parametrize("form", [SetPasswordForm, AdminPasswordChangeForm])
def test_sf2_the_forms_of_django_end_every_session(alice, form):
    client = sign_in(alice)
    new = "another long password 43"
    names = ("new_password1", "new_password2") if form is SetPasswordForm else ("password1", "password2")

    filled = form(User.objects.get(pk=alice.pk), dict.fromkeys(names, new))
    assert filled.is_valid()
    filled.save()

    assert client.get("/app/settings/profile")["Location"].startswith("/session")


def test_sf2_a_password_that_is_set_on_the_model_ends_every_session(alice):
    client = sign_in(alice)
    row = User.objects.get(pk=alice.pk)

    row.set_password("another long password 43")
    row.save()

    assert client.get("/app/settings/profile")["Location"].startswith("/session")
