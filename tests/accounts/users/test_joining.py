"""Who can create an account, by what (D31), and what the link of an invitation proves (record 26)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent, Session, SiteInvitation, User
from accounts.sessions.store import SessionStore
from accounts.users import email_addresses, registration
from accounts.users.joining import InvitationNeeded
from accounts.users.site_invitations import invite_to_site, withdraw
from organizations.members import invitations, memberships
from organizations.models import Membership, Organization
from tests.support.mails import link_in, subjects
from tests.support.organizations import SERVER, enrolled, found, require
from tests.support.people import PASSWORD, make_user, sign_in
from tests.support.two_factor import text_of

pytestmark = pytest.mark.django_db(transaction=True)

SIGN_UP, PAGE, CONFIRM = "/account/new", "/app/invitations", "/account/confirm"
KINDS = ["site", "organization"]


@pytest.fixture
def owner(db, mailoutbox):
    user = make_user("owner")
    found("acme", user)
    return user


@pytest.fixture
def invite(owner, mailoutbox):
    """invite(kind, address): return the link in the mail."""

    def arrange(kind, address="eve@example.com"):
        if kind == "site":
            invite_to_site(address, actor=Actor.command())
        else:
            invitations.invite(acme(), address, actor=SERVER)
        Client().get("/session")  # lets the mails leave
        return link_in(mailoutbox[-1], f"{PAGE}/")

    return arrange


def acme():
    return Organization.objects.get(name="acme")


def invitation(kind):
    rows = SiteInvitation.objects if kind == "site" else Membership.objects.invited()
    return rows.get(email="eve@example.com")


def browser_at(link=""):
    browser = Client()
    if link:
        assert browser.get(link)["Location"] == PAGE
    return browser


def sign_up(browser, name="eve", email="eve@example.com", **more):
    return browser.post(
        SIGN_UP, {"username": name, "email": email, "password": PASSWORD, "next": PAGE} | more
    )


def made():
    """Return the names of all accounts that came to be in the test."""
    return set(User.objects.exclude(username="owner").values_list("username", flat=True))


# ---------------------------------------------------------------- the rule


@pytest.mark.parametrize(
    ("mode", "by", "admitted"),
    [
        ("open", None, True),
        ("open", "site", True),
        ("open", "organization", True),
        ("invited", None, False),
        ("invited", "site", True),
        ("invited", "organization", True),
        ("closed", None, False),
        ("closed", "site", True),
        ("closed", "organization", False),
    ],
)
def test_d31_who_can_create_an_account(invite, settings, mailoutbox, mode, by, admitted):
    settings.SIGN_UP = mode
    browser = browser_at(invite(by) if by else "")
    if by == "organization":
        assert ("sign up with this email" in mailoutbox[-1].body) is admitted

    page = browser.get(SIGN_UP).content.decode()
    signed_in_page = browser.get(f"/session?next={PAGE}").content.decode()
    response = sign_up(browser)

    assert (f'href="{SIGN_UP}?next=' in signed_in_page) is admitted
    assert ('name="password"' in page) is admitted
    assert response.status_code == (302 if admitted else 422)
    assert made() == ({"eve"} if admitted else set())


@pytest.mark.parametrize("mode", ["invited", "closed"])
def test_d31_an_invited_address_is_not_enough_without_the_link(invite, settings, mode):
    settings.SIGN_UP = mode
    invite("site")
    invited, unknown = sign_up(browser_at()), sign_up(browser_at(), email="nobody@example.com")

    assert invited.status_code == unknown.status_code == 422
    assert text_of(invited).replace("eve@", "") == text_of(unknown).replace("nobody@", "")
    assert made() == set()


def test_d31_a_closed_site_takes_any_link_to_an_address_that_a_site_admin_has_invited(
    invite, settings, mailoutbox
):
    settings.SIGN_UP = "closed"
    invite("site")
    browser = browser_at(invite("organization"))
    assert "sign up with this email" in mailoutbox[-1].body

    assert sign_up(browser)["Location"] == PAGE
    assert User.objects.get(username="eve").email_confirmed
    assert not SiteInvitation.objects.exists()  # both are spent


# ---------------------------------------------------------------- the address


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["open", "invited"])
def test_the_link_confirms_the_address_of_the_account_that_is_created_with_it(
    invite, settings, mailoutbox, kind, mode
):
    settings.SIGN_UP = mode
    browser = browser_at(invite(kind))

    page = browser.get(f"{SIGN_UP}?next={PAGE}").content.decode()
    response = sign_up(browser)

    assert 'value="eve@example.com"' in page
    assert " readonly" in page.split('value="eve@example.com"')[1].split(">")[0]
    assert response["Location"] == {"site": "/app", "organization": PAGE}[kind]
    eve = User.objects.get(username="eve")
    assert (eve.email, eve.email_confirmed) == ("eve@example.com", True)
    assert subjects(mailoutbox, eve.email)[-1] == "Your account eve is ready"
    assert "Confirm" not in " ".join(subjects(mailoutbox, eve.email))
    events = AuditEvent.objects.filter(user_id=eve.pk).order_by("id").values_list("event", flat=True)
    assert list(events) == ["account.created", "email.confirmed"]
    assert browser.get(response["Location"]).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_the_address_can_not_be_changed_and_another_one_is_told(invite, kind):
    browser = browser_at(invite(kind))

    response = sign_up(browser, email="mallory@example.com")

    assert response.status_code == 422
    assert "The invitation that you opened in this browser is for eve@example.com." in text_of(response)
    assert made() == set()
    assert sign_up(browser, email="").status_code == 302  # nobody types it
    assert User.objects.get(username="eve").email_confirmed


def test_the_link_is_taken_for_its_address_alone(invite, settings):
    settings.SIGN_UP = "invited"
    token = invite("organization").removeprefix(f"{PAGE}/")
    actor = Actor(user=None, ip="192.0.2.1", user_agent="", door="html")

    with pytest.raises(InvitationNeeded):
        registration.sign_up(
            "eve",
            "mallory@example.com",
            PASSWORD,
            session=SessionStore(),
            actor=actor,
            invitation_token=token,
        )

    assert made() == set()


def test_where_everybody_can_sign_up_the_invitation_can_be_put_aside(invite, settings):
    browser = browser_at(invite("site"))
    assert 'href="?another"' in browser.get(SIGN_UP).content.decode()

    assert browser.get(f"{SIGN_UP}?another")["Location"] == SIGN_UP
    assert sign_up(browser, "mallory", "mallory@example.com").status_code == 302
    assert not User.objects.get(username="mallory").email_confirmed
    settings.SIGN_UP = "invited"
    assert "?another" not in browser_at(invite("site")).get(SIGN_UP).content.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_d25_an_account_that_somebody_else_made_with_the_address_gives_it_up(invite, mailoutbox, kind):
    squatter = browser_at()
    assert sign_up(squatter, "squatter", next="").status_code == 302
    old_link = link_in(mailoutbox[-1], f"{CONFIRM}/")
    before = text_of(squatter.get(CONFIRM))

    assert sign_up(browser_at(invite(kind))).status_code == 302

    assert User.objects.get(username="eve").email_confirmed
    row = User.objects.get(username="squatter")
    assert (row.email, row.email_confirmed) == ("eve@example.com", False)
    assert text_of(squatter.get(CONFIRM)) == before  # it learns nothing (D24)
    assert not Membership.objects.filter(user=row).exists()
    # Not even when the address is free again does the old link work.
    User.objects.filter(username="eve").delete()
    squatter.get(old_link)
    assert squatter.post(CONFIRM).status_code == 422
    assert not User.objects.get(username="squatter").email_confirmed


@pytest.mark.parametrize("kind", KINDS)
def test_d25_a_change_to_the_address_that_somebody_else_has_begun_comes_to_nothing(invite, mailoutbox, kind):
    mallory = make_user("mallory")
    client = sign_in(mallory)
    client.post("/app/settings/profile/email", {"email": "eve@example.com"})
    old_link = link_in(next(m for m in reversed(mailoutbox) if m.to == ["eve@example.com"]), f"{CONFIRM}/")

    assert sign_up(browser_at(invite(kind))).status_code == 302

    User.objects.filter(username="eve").delete()
    client.get(old_link)
    assert client.post(CONFIRM).status_code == 422
    assert User.objects.get(username="mallory").email == "mallory@example.com"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["open", "invited"])
def test_d24_ti_03_the_sign_up_answers_alike_whether_the_address_has_an_account(
    invite, settings, mailoutbox, kind, mode
):
    settings.SIGN_UP = mode
    known = make_user("known", email="known@example.com")
    answers = []
    for address in ("eve@example.com", "known@example.com"):
        browser = browser_at(invite(kind, address))
        name = f"new-{address.partition('@')[0]}"
        seen = [browser.get(f"/session?next={PAGE}"), browser.get(f"{SIGN_UP}?next={PAGE}")]
        already = len(mailoutbox)
        response = sign_up(browser, name, address)
        assert len(mailoutbox) == already + 1
        pages = [" ".join(text_of(page).replace(address, "ADDRESS").split()) for page in seen]
        answers.append([pages, response.status_code, response["Location"], sorted(response.cookies)])

    assert answers[0] == answers[1]
    assert User.objects.get(username="new-eve").email_confirmed
    assert not User.objects.get(username="new-known").email_confirmed
    known.refresh_from_db()
    assert known.email_confirmed
    assert subjects(mailoutbox, known.email)[-1] != "Your account new-known is ready"


# ---------------------------------------------------------------- every state of a link, both kinds


def used(kind, invite):
    link = invite(kind)
    assert sign_up(browser_at(link), "first").status_code == 302
    if kind == "organization":
        row = invitation(kind)
        invitations.accept(row.pk, user=User.objects.get(username="first"), actor=SERVER)
    return link


def revoked(kind, invite):
    link = invite(kind)
    row = invitation(kind)
    if kind == "site":
        withdraw(row.pk, actor=Actor.command())
    else:
        memberships.remove(acme(), row.pk, actor=SERVER)
    return link


def expired(kind, invite):
    link = invite(kind)
    rows = SiteInvitation.objects.all() if kind == "site" else Membership.objects.invited()
    rows.update(expires_at=timezone.now() - timedelta(seconds=1))
    return link


def outdated(kind, invite):
    with time_machine.travel(timezone.now() - timedelta(days=7, minutes=2), tick=False):
        return invite(kind)


def spoilt(change):
    return lambda kind, invite: change(invite(kind))


STATES = {
    "unknown": lambda kind, invite: f"{PAGE}/123456.1xXkuu.{'aB3' * 14}x",
    "forged": spoilt(lambda link: link[:-4] + ("AbCd" if not link.endswith("AbCd") else "dCbA")),
    "foreign": lambda kind, invite: f"{PAGE}/" + link_of_address_confirmation(),
    "expired": expired,
    "outdated": outdated,
    "used": used,
    "revoked": revoked,
    "cut": spoilt(lambda link: link[:-1]),
    "in one case": spoilt(str.lower),
    "malformed": lambda kind, invite: f"{PAGE}/whatever/../%2E",
    "empty": lambda kind, invite: f"{PAGE}/%20",
}


def link_of_address_confirmation():
    return email_addresses.CONFIRM.token_for(User.objects.get(username="owner"))


def state():
    """Return all that a link could spend."""
    rows = [SiteInvitation.objects.values(), Membership.objects.values(), User.objects.values()]
    return [
        [list(found.order_by("pk")) for found in rows],
        AuditEvent.objects.count(),
        Session.objects.count(),
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", STATES)
def test_a_link_that_does_not_work_leads_to_one_friendly_page(invite, settings, mailoutbox, kind, what):
    settings.SIGN_UP = "invited"
    link = STATES[what](kind, invite)
    somebody = sign_in(make_user("somebody"))
    before = state()
    anonymous = browser_at(link)

    welcome = anonymous.get(f"/session?next={PAGE}")
    page = anonymous.get(f"{SIGN_UP}?next={PAGE}")
    assert somebody.get(link)["Location"] == PAGE
    inside = somebody.get(PAGE)

    assert state() == before
    assert welcome.status_code == page.status_code == 200
    # An expired one is still that of another account, which is all that it says.
    assert inside.status_code == 200 if what == "expired" else inside.status_code in (404, 422)
    for shown in (welcome, page, inside):
        said = text_of(shown)
        for secret in ("eve@", "acme", "owner"):
            assert secret not in said.replace("owner has", ""), (what, secret)
    assert "notice-warning" in inside.content.decode() or "belongs to another account" in text_of(inside)
    assert "notice-warning" in welcome.content.decode()
    assert 'name="password"' not in page.content.decode()
    assert sign_up(anonymous, "late").status_code == 422
    assert not User.objects.filter(username="late").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_scanner_that_opens_everything_spends_nothing(invite, settings, kind):
    settings.SIGN_UP = "invited"
    link = invite(kind)
    before = state()
    scanner = browser_at(link)
    for page in (link, PAGE, f"/session?next={PAGE}", f"{SIGN_UP}?next={PAGE}", SIGN_UP):
        scanner.get(page)
        scanner.head(page)

    assert state() == before
    assert sign_up(browser_at(link)).status_code == 302


@pytest.mark.parametrize("kind", KINDS)
def test_opened_by_another_account_it_is_for_the_next_one(invite, settings, kind):
    settings.SIGN_UP = "invited"
    link = invite(kind)
    browser = sign_in(make_user("somebody"))
    before = state()

    browser.get(link)
    page = text_of(browser.get(PAGE))

    assert "This link belongs to another account" in page
    assert "eve@" not in page
    assert state() == before
    browser.post("/session/logout", {"next": PAGE})
    assert sign_up(browser).status_code == 302


def test_somebody_who_has_an_account_is_told_that_they_do_not_need_it(invite):
    link = invite("site")
    browser = sign_in(make_user("eve"))
    browser.get(link)

    assert browser.get(PAGE)["Location"] == "/app"
    assert "You already have an account" in text_of(browser.get("/app"))


@pytest.mark.parametrize("kind", KINDS)
def test_in_two_tabs_one_account_is_created_and_the_other_tab_goes_on(invite, settings, kind):
    settings.SIGN_UP = "invited"
    browser = browser_at(invite(kind))
    browser.get(SIGN_UP)

    assert sign_up(browser, "eve").status_code == 302
    assert sign_up(browser, "eve2")["Location"] == PAGE
    assert made() == {"eve"}


@pytest.mark.races
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["invited", "closed"])
def test_of_ten_sign_ups_at_once_with_one_invitation_one_creates_an_account(invite, settings, kind, mode):
    settings.SIGN_UP = mode
    if mode == "closed":
        invite("site")
    link = invite(kind)
    browsers = [browser_at(link) for _ in range(10)]

    def send(number):
        try:
            return sign_up(browsers[number], f"eve{number}").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        statuses = sorted(pool.map(send, range(10)))

    assert statuses[0] == 302
    assert set(statuses[1:]) <= {422, 429}  # who comes late may find the limit of the address used up
    assert len(made()) == 1
    assert User.objects.get(username__in=made()).email_confirmed


@pytest.mark.parametrize("kind", KINDS)
def test_renewing_an_invitation_leaves_the_earlier_link_good_for_one_account(invite, settings, kind):
    settings.SIGN_UP = "invited"
    first, second = invite(kind), invite(kind)

    assert sign_up(browser_at(first)).status_code == 302
    assert sign_up(browser_at(second), "eve2").status_code == 422


def test_a_new_person_is_told_what_is_required_and_is_led_to_it(invite, settings, owner):
    settings.SIGN_UP = "invited"
    enrolled(owner)
    require(acme())
    browser = browser_at(invite("organization"))
    day = timezone.localtime(acme().auth_policy_changed_at).strftime("%-d %B %Y")
    required = f"acme has required two-factor authentication since {day}."
    assert required in text_of(browser.get(f"/session?next={PAGE}"))
    sign_up(browser)
    assert required in text_of(browser.get(PAGE))

    accepted = browser.post(f"/app/settings/organizations/{invitation('organization').pk}/accept")

    assert accepted["Location"] == "/app/settings/two-factor?next=%2Fapp%2Facme"
    assert "You are now a member of acme." in text_of(browser.get(accepted["Location"]))
    assert "You are a member of acme." in text_of(browser.get(PAGE, follow=True))
