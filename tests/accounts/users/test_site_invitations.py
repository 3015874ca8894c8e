"""Invitations to the site: site admins send, renew and withdraw them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from accounts.management.checks import clocks
from accounts.models import AuditEvent, RateLimit, SiteInvitation, User
from accounts.users import site_invitations
from accounts.users.site_invitations import NotYoursToInvite, SiteInvitationGone, invite_to_site, withdraw
from tests.support.crawler import dump
from tests.support.mails import link_in
from tests.support.people import enrol, make_staff, make_user, sign_in
from tests.support.two_factor import let_sudo_expire, text_of

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/accounts/siteinvitation/"
INVITE = f"{LIST}invite/"


@pytest.fixture
def desk(db):
    user = make_staff("desk", "accounts.add_siteinvitation")
    return sign_in(user, enrol(user))


def addresses():
    return sorted(SiteInvitation.objects.values_list("email", flat=True))


def test_one_or_several_people_are_invited(desk, mailoutbox):
    response = desk.post(
        INVITE, {"addresses": "Dora@Example.com\r\nErik <erik@example.com>, dora@example.com"}
    )

    assert response["Location"] == LIST
    assert addresses() == ["dora@example.com", "erik@example.com"]
    invited = [m for m in mailoutbox if m.to[0].startswith(("dora", "erik"))]
    assert [m.subject for m in invited] == ["You're invited to TFC Auth"] * 2
    assert "desk, a site admin, has invited you" in " ".join(invited[0].body.split())
    assert link_in(invited[0], "/app/invitations/")
    page = text_of(desk.get(LIST))
    assert "2 invitations are on their way." in page
    assert "dora@example.com" in page
    event = AuditEvent.objects.filter(event="site_invitation.sent").latest("id")
    assert (event.actor, event.data) == ("user:desk", {"email": "erik@example.com"})
    activity = text_of(desk.get("/app/settings/activity"))
    assert "Invited dora@example.com to create an account" in activity


@pytest.mark.parametrize("text", ["", "  \n ", "nonsense", "dora@example.com\nnonsense", "a@b@c", ", ;"])
def test_what_is_no_address_is_named_and_nobody_is_invited(desk, mailoutbox, text):
    before = len(mailoutbox)

    response = desk.post(INVITE, {"addresses": text})

    assert response.status_code == 422
    assert addresses() == []
    assert len(mailoutbox) == before
    if "nonsense" in text:
        assert "These aren&#x27;t email addresses: nonsense" in response.content.decode()
        assert "nonsense</textarea>" in response.content.decode()


def test_more_than_a_hundred_at_once_are_refused(desk):
    many = "\n".join(f"a{n}@example.com" for n in range(101))

    response = desk.post(INVITE, {"addresses": many})

    assert "You entered 101 addresses. Enter up to 100 at once." in text_of(response)
    assert addresses() == []


def test_what_a_limit_stops_stays_in_the_form(desk):
    desk.post(INVITE, {"addresses": "dora@example.com"})
    RateLimit.objects.filter(key__startswith="site-invite:").update(count=499)

    response = desk.post(INVITE, {"addresses": "erik@example.com\nfay@example.com"})

    assert response.status_code == 429
    assert "You have invited too many people." in text_of(response)
    assert "fay@example.com</textarea>" in response.content.decode()
    assert addresses() == ["dora@example.com", "erik@example.com"]


def test_one_address_gets_five_mails_an_hour_from_one_admin(desk):
    statuses = [desk.post(INVITE, {"addresses": "dora@example.com"}).status_code for _ in range(6)]

    assert statuses == [302] * 5 + [429]


def test_an_invitation_is_sent_again_and_withdrawn(desk, mailoutbox):
    desk.post(INVITE, {"addresses": "dora@example.com"})
    row = SiteInvitation.objects.get()
    SiteInvitation.objects.update(expires_at=timezone.now() - timedelta(days=1))
    assert "Expired" in text_of(desk.get(LIST))
    page = desk.get(f"{LIST}{row.pk}/change/").content.decode()
    assert all(f'action="{LIST}{row.pk}/{what}/"' in page for what in ("send-again", "withdraw"))

    for what in ("send-again", "withdraw"):
        assert desk.get(f"{LIST}{row.pk}/{what}/")["Location"] == f"{LIST}{row.pk}/change/"
    assert desk.post(f"{LIST}{row.pk}/send-again/")["Location"] == LIST
    assert not SiteInvitation.objects.get(pk=row.pk).is_expired
    link = link_in(mailoutbox[-1], "/app/invitations/")

    assert desk.post(f"{LIST}{row.pk}/withdraw/")["Location"] == LIST
    assert addresses() == []
    assert "The invitation for dora@example.com is withdrawn." in text_of(desk.get(LIST))
    assert AuditEvent.objects.filter(event="site_invitation.withdrawn").count() == 1
    assert desk.post(f"{LIST}{row.pk}/withdraw/", follow=True).status_code == 200
    assert desk.post(f"{LIST}{row.pk}/send-again/").status_code == 404
    browser = Client()
    browser.get(link)
    assert "no longer open" in text_of(browser.get("/session?next=/app/invitations"))


def test_d24_the_answer_is_the_same_whether_the_address_has_an_account(desk, mailoutbox):
    make_user("known", email="known@example.com")
    seen = []
    for address in ("known@example.com", "fresh@example.com"):
        response = desk.post(INVITE, {"addresses": address}, follow=True)
        body = mailoutbox[-1].body.replace(address, "ADDRESS")
        link = link_in(mailoutbox[-1], "/app/invitations/")
        seen.append((response.status_code, body.replace(link, "LINK")))

    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("permissions", "sees"),
    [([], False), (["accounts.view_user"], False), (["accounts.view_siteinvitation"], True)],
)
def test_d14_who_has_not_the_right_invites_nobody(permissions, sees):
    user = make_staff("viewer", *permissions)
    client = sign_in(user, enrol(user))
    row = invite_to_site("dora@example.com", actor=Actor.command()).invitation
    before = dump()

    assert client.get(LIST).status_code == (200 if sees else 403)
    assert client.get(f"{LIST}{row.pk}/change/").status_code == (200 if sees else 403)
    for page in (INVITE, f"{LIST}{row.pk}/send-again/", f"{LIST}{row.pk}/withdraw/"):
        assert client.get(page).status_code == 403
        assert client.post(page, {"addresses": "erik@example.com"}).status_code == 403
    assert dump() == before
    if sees:
        assert "Invite people" not in text_of(client.get(LIST))
        assert "Withdraw" not in text_of(client.get(f"{LIST}{row.pk}/change/"))


def test_d14_inviting_takes_a_fresh_proof(desk):
    let_sudo_expire(User.objects.get(username="desk"))

    assert desk.post(INVITE, {"addresses": "dora@example.com"})["Location"].startswith("/session/sudo")
    assert addresses() == []


def test_d14_the_right_is_asked_again_on_the_locked_row():
    admin = make_staff("admin", "accounts.add_siteinvitation")
    actor = Actor(user=admin, ip="192.0.2.1", user_agent="", door="admin")
    row = invite_to_site("dora@example.com", actor=actor).invitation
    admin.user_permissions.clear()

    with pytest.raises(NotYoursToInvite):
        invite_to_site("erik@example.com", actor=actor)
    with pytest.raises(NotYoursToInvite):
        withdraw(row.pk, actor=actor)
    with pytest.raises(NotYoursToInvite):
        withdraw(row.pk, actor=Actor(user=None, ip=None, user_agent="", door="html"))
    with pytest.raises(SiteInvitationGone):
        withdraw(row.pk + 1, actor=Actor.command())
    assert addresses() == ["dora@example.com"]


def test_expired_ones_are_deleted_after_a_month_and_open_ones_are_not():
    now = timezone.now()
    for days, name in [(38, "old"), (36, "expired"), (1, "open")]:
        with time_machine.travel(now - timedelta(days=days), tick=False):
            invite_to_site(f"{name}@example.com", actor=Actor.command())

    call_command("run_due_work")

    assert addresses() == ["expired@example.com", "open@example.com"]
    assert site_invitations.delete_long_expired() == 0


def test_d43_an_invitation_of_a_clock_that_was_ahead_is_no_longer_one_and_doctor_says_so():
    invite_to_site("dora@example.com", actor=Actor.command())
    SiteInvitation.objects.update(expires_at=timezone.now() + timedelta(days=8))

    assert SiteInvitation.objects.get().is_expired
    assert not SiteInvitation.objects.current().exists()
    assert any("accounts_siteinvitation.expires_at" in line for line in clocks.no_time_lies_too_far_ahead())


@pytest.mark.races
def test_ten_admins_who_invite_one_address_at_once_make_one_invitation():
    def send(_number):
        try:
            return invite_to_site("dora@example.com", actor=Actor.command())
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        outcomes = list(pool.map(send, range(5)))

    assert addresses() == ["dora@example.com"]
    assert sorted(outcome.renewed for outcome in outcomes) == [False] + [True] * 4
    assert AuditEvent.objects.filter(event="site_invitation.sent").count() == 5
