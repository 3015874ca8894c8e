"""User Sessions of an organization (D11, R48): owners shorten the sessions of those who have accepted."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from accounts.management import housekeeping
from accounts.models import AuditEvent, RememberedBrowser, Session
from organizations.members import invitations
from organizations.models import Organization
from organizations.policy.user_sessions import update_user_sessions
from tests.support import people
from tests.support.organizations import SERVER, actor_of, found, let_sudo_expire
from tests.support.statements import sent, statements
from tests.support.two_factor import CHALLENGE, RECOVERY, sudo_page

pytestmark = pytest.mark.django_db

PAGE = "/app/open/settings/authentication"
UPDATE = f"{PAGE}/user-sessions"
LONGEST = 20160


def limit(name, *, timeout=None, remember=None):
    organization = Organization.objects.get(name=name)
    update_user_sessions(organization, timeout=timeout, remember=remember, actor=SERVER)


def age(user, *, idle=0, since=0):
    """Let so many minutes go by for the sessions of a user: without use, or from the sign-in on."""
    now = timezone.now()
    sessions = Session.objects.filter(user=user)
    if idle:
        sessions.update(last_used_at=now - timedelta(minutes=idle))
    if since:
        sessions.update(created_at=now - timedelta(minutes=since), last_used_at=now)


def is_in(client):
    return client.get("/app/settings/profile").status_code == 200


def limits_of(name="open"):
    organization = Organization.objects.get(name=name)
    return organization.session_timeout, organization.session_remember


def events():
    return AuditEvent.objects.filter(event="organization.user_sessions_changed")


# ---------------------------------------------------------------- the page


def test_the_page_says_what_the_picture_says(stage):
    page = stage.browser("olga").get(PAGE).content.decode()

    for words in ("User Sessions", "Timeout in", "Remember for", "minutes", "Update User Sessions"):
        assert words in page
    assert page.count("Use default") == 2
    assert page.count('placeholder="20160"') == 2
    assert page.index("User Sessions") < page.index("Two-factor Authentication</h2>")
    assert re.search(r'name="session_timeout_default"[^>]* data-disables="id_session_timeout"', page)


def test_an_owner_sets_both(stage):
    response = stage.browser("olga").post(UPDATE, {"session_timeout": "60", "session_remember": "1440"})

    assert response["Location"] == PAGE
    assert limits_of() == (60, 1440)
    page = stage.browser("olga").get(PAGE).content.decode()
    assert 'name="session_timeout" value="60"' in page
    assert 'name="session_remember" value="1440"' in page
    assert "checked" not in page


def test_use_default_and_nothing_both_mean_the_default(stage):
    limit("open", timeout=60, remember=60)

    stage.browser("olga").post(UPDATE, {"session_timeout_default": "on", "session_remember": ""})

    assert limits_of() == (None, None)


def test_ticking_the_box_without_javascript_takes_the_number_back(stage):
    limit("open", timeout=60)

    stage.browser("olga").post(UPDATE, {"session_timeout": "60", "session_timeout_default": "on"})

    assert limits_of() == (None, None)


def test_a_new_number_beside_a_ticked_box_is_asked_about(stage):
    response = stage.browser("olga").post(UPDATE, {"session_timeout": "60", "session_timeout_default": "on"})

    assert response.status_code == 422
    assert "Untick “Use default” to set a number of minutes." in response.content.decode()
    assert limits_of() == (None, None)


@pytest.mark.parametrize(
    "minutes", ["59", "20161", "0", "-60", "60.5", "1e3", "sixty", "٦٠ minutes", "9" * 400, "60, 60"]
)
@pytest.mark.parametrize("field", ["session_timeout", "session_remember"])
def test_d11_an_owner_may_only_shorten_and_not_below_an_hour(stage, field, minutes):
    response = stage.browser("olga").post(UPDATE, {field: minutes})

    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.content.decode()
    assert limits_of() == (None, None)


@pytest.mark.parametrize("minutes", [60, 20160])
def test_d11_the_bounds_themselves_are_good(stage, minutes):
    stage.browser("olga").post(UPDATE, {"session_timeout": minutes, "session_remember": minutes})

    assert limits_of() == (minutes, minutes)


@pytest.mark.parametrize("field", ["session_timeout", "session_remember"])
@pytest.mark.parametrize("minutes", [59, 20161])
def test_d11_the_database_refuses_them_too(stage, field, minutes):
    with pytest.raises(IntegrityError):
        Organization.objects.filter(name="open").update(**{field: minutes})


def test_members_read_what_holds_and_change_nothing(stage):
    limit("open", timeout=90)

    page = stage.browser("max").get(PAGE).content.decode()
    response = stage.browser("max").post(UPDATE, {"session_timeout": "60"})

    assert "We sign you out after 1 hour and 30 minutes of inactivity, and 14 days after you sign in" in page
    assert "Update User Sessions" not in page
    assert response.status_code == 403
    assert limits_of() == (90, None)


def test_it_needs_sudo(stage):
    browser = stage.browser("olga")
    let_sudo_expire(stage.olga)

    response = browser.post(UPDATE, {"session_timeout": "60"})

    assert response["Location"] == sudo_page(PAGE, UPDATE)
    assert limits_of() == (None, None)
    assert browser.get(UPDATE)["Location"] == PAGE


def test_it_is_recorded_once_and_told_to_the_owners(stage):
    mail.outbox.clear()

    for _ in range(2):
        stage.browser("olga").post(UPDATE, {"session_timeout": "60"})

    [event] = events()
    assert (event.actor, event.subject) == ("user:olga", "organization:open")
    assert event.data == {"before": [None, None], "after": [60, None]}
    told = [message for message in mail.outbox if "open changed how long" in message.subject]
    assert sorted(message.to[0] for message in told) == ["olga@example.com", "una@example.com"]
    assert "after 1 hour without use, and 14 days after" in " ".join(told[0].body.split())


# ---------------------------------------------------------------- idle


def test_se_02_r48_idle_for_sixty_one_minutes(stage):
    limit("open", timeout=60)
    browser = stage.browser("max")

    age(stage.max, idle=61)

    assert not is_in(browser)
    assert browser.get(PAGE)["Location"].startswith("/session?next=")


@pytest.mark.parametrize(("minutes", "alive"), [(59, True), (60, False)])
def test_se_02_idle_to_the_minute(stage, minutes, alive):
    limit("open", timeout=60)
    browser = stage.browser("max")

    age(stage.max, idle=minutes)

    assert is_in(browser) is alive


def test_se_02_a_session_in_use_stays(stage):
    """The last use is written once a minute: often enough for sixty."""
    limit("open", timeout=60)
    browser = stage.browser("max")

    for _ in range(4):
        age(stage.max, idle=50)
        assert is_in(browser)


def test_d11_it_holds_from_the_next_request_on(stage):
    browser = stage.browser("max")
    age(stage.max, idle=61)
    before = list(Session.objects.filter(user=stage.max).values_list())

    limit("open", timeout=60)

    assert list(Session.objects.filter(user=stage.max).values_list()) == before
    assert not is_in(browser)


def test_d11_the_owners_own_session_too(stage):
    browser = stage.browser("olga")
    Session.objects.filter(user=stage.olga).update(created_at=timezone.now() - timedelta(minutes=90))

    browser.post(UPDATE, {"session_remember": "60"})

    assert not is_in(browser)


# ---------------------------------------------------------------- in total


@pytest.mark.parametrize(("minutes", "alive"), [(1440 - 1, True), (1440 + 1, False)])
def test_se_02_r48_a_day_and_a_minute_of_use(stage, minutes, alive):
    limit("open", remember=1440)
    browser = stage.browser("max")

    age(stage.max, since=minutes)

    assert is_in(browser) is alive


# ---------------------------------------------------------------- whose rule


def test_d11_the_strictest_of_several_organizations(stage):
    limit("open", timeout=120, remember=600)
    limit("fort", timeout=600, remember=120)
    browser = stage.browser("max")

    age(stage.max, idle=121)
    assert not is_in(browser)
    age(stage.max, idle=119)
    assert is_in(browser)
    age(stage.max, since=121)
    assert not is_in(browser)


def test_d11_of_other_peoples_organizations_none(stage):
    limit("open", timeout=60)
    browser = stage.browser("oscar")

    age(stage.oscar, idle=300)

    assert is_in(browser)


def test_d11_an_invitation_shortens_nothing_until_it_is_accepted(stage):
    limit("open", timeout=60)
    browser = stage.browser("eve")
    organization = Organization.objects.get(name="open")
    invitation = invitations.invite(organization, "eve", actor=actor_of(stage.olga))

    age(stage.eve, idle=61)
    assert is_in(browser)
    browser.post(f"/app/settings/organizations/{invitation.pk}/accept")
    age(stage.eve, idle=61)

    assert not is_in(browser)


def test_d24_an_invitation_says_what_it_would_shorten(stage):
    limit("open", timeout=60)
    invitations.invite(Organization.objects.get(name="open"), "eve", actor=actor_of(stage.olga))

    page = " ".join(stage.browser("eve").get("/app/settings/organizations").content.decode().split())

    assert "we sign you out after 1 hour of inactivity." in page
    assert "you have to sign in again" not in page


def test_d11_leaving_lifts_it(stage):
    limit("open", timeout=60)
    browser = stage.browser("mia")
    browser.post("/app/open/leave")

    age(stage.mia, idle=300)

    assert is_in(browser)


def test_d11_a_locked_out_member_is_a_member(stage):
    limit("fort", timeout=60)
    browser = stage.browser("mia")

    age(stage.mia, idle=61)

    assert not is_in(browser)


def test_a_pending_login_keeps_its_ten_minutes(stage):
    limit("open", timeout=60, remember=60)
    client = Client()
    people.post_password(client, stage.max)
    Session.objects.filter(pending_user=stage.max).update(
        created_at=timezone.now() - timedelta(minutes=9),
        last_used_at=timezone.now() - timedelta(minutes=9),
    )

    response = client.post(CHALLENGE, {"code": stage.apps["max"].fresh_code()})

    assert response["Location"] == "/app"
    assert is_in(client)


def test_the_time_begins_with_the_second_factor_not_with_the_password(stage):
    limit("open", remember=60)
    client = people.sign_in(stage.max, stage.apps["max"])

    created_at = Session.objects.filter(user=stage.max).latest("id").created_at

    assert is_in(client)
    assert timezone.now() - created_at < timedelta(minutes=1)


# ---------------------------------------------------------------- remembered browsers (D10)


def remember(stage, name="max"):
    client = Client()
    people.post_password(client, stage.people[name])
    client.post(CHALLENGE, {"code": stage.apps[name].fresh_code(), "remember": "on"})
    client.post("/session/logout")
    return client


def is_asked(client, user):
    target = people.post_password(client, user)["Location"]
    client.post("/session/logout")
    return target == CHALLENGE


def age_browser(minutes):
    RememberedBrowser.objects.update(created_at=timezone.now() - timedelta(minutes=minutes))


def test_d10_it_is_capped_at_the_time_of_use(stage):
    client = remember(stage)
    age_browser(61)
    assert not is_asked(client, stage.max)

    limit("fort", remember=60)
    assert is_asked(client, stage.max)
    age_browser(59)
    assert not is_asked(client, stage.max)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (None, "14 days"),
        (20160, "14 days"),
        (3 * 1440, "3 days"),
        (480, "8 hours"),
        (1500, "1 day and 1 hour"),
        (90, "1 hour and 30 minutes"),
    ],
)
@pytest.mark.parametrize("page", [CHALLENGE, RECOVERY])
def test_d10_the_box_says_how_long_it_will_be(stage, page, minutes, words):
    limit("open", remember=minutes)
    client = Client()
    people.post_password(client, stage.max)

    assert f">Remember this device for {words}</label>" in client.get(page).content.decode()


def test_d10_the_box_goes_by_the_strictest_of_the_persons_organizations(stage):
    limit("open", remember=600)
    limit("fort", remember=120)
    client = Client()
    for user, words in [(stage.max, "2 hours"), (stage.eve, "14 days")]:
        people.post_password(client, user)
        assert f"Remember this device for {words}" in client.get(CHALLENGE).content.decode()


def test_d10_the_mail_says_how_long_it_will_be(stage):
    limit("open", remember=1440)
    mail.outbox.clear()

    remember(stage)

    [message] = mail.outbox
    assert "for 1 day, signing in there takes only your password and no code" in " ".join(
        message.body.split()
    )


def test_d10_the_timeout_does_not_cap_it(stage):
    limit("open", timeout=60)
    client = remember(stage)

    age_browser(300)

    assert not is_asked(client, stage.max)


def test_d10_the_list_shows_the_end_as_it_is_capped(stage):
    limit("open", remember=60)
    remember(stage)
    row = RememberedBrowser.objects.get()

    [entry] = stage.browser("max").get("/app/settings/sessions").context["remembered"]

    assert entry.ends_at == row.created_at + timedelta(minutes=60)
    age_browser(61)
    assert stage.browser("max").get("/app/settings/sessions").context["remembered"] == []


def test_d10_a_remembered_browser_opens_a_mandatory_organization(stage):
    client = remember(stage)

    people.post_password(client, stage.max)

    assert client.get("/app/fort").status_code == 200


def test_d10_requiring_two_factor_needs_the_factor_itself(stage):
    stage.enrol("una")
    client = remember(stage, "olga")
    people.post_password(client, stage.olga)

    assert client.post(f"{PAGE}/require-two-factor")["Location"].startswith("/session/sudo")


# ---------------------------------------------------------------- what it costs and leaves


def test_what_a_limit_has_ended_does_not_come_back_with_the_default(stage):
    limit("open", timeout=60, remember=120)
    idle, old = stage.browser("max"), stage.browser("mia")
    kept = stage.browser("una")
    client = remember(stage)
    age(stage.max, idle=61)
    age(stage.mia, since=121)
    age(stage.una, since=119)
    age_browser(121)

    housekeeping.tidy()
    limit("open")

    assert not is_in(idle)
    assert not is_in(old)
    assert is_in(kept)
    assert is_asked(client, stage.max)


def test_ended_sessions_are_on_no_list(stage):
    limit("open", timeout=60)
    stage.browser("max")
    age(stage.max, idle=61)

    entries = people.sign_in(stage.max, stage.apps["max"]).get("/app/settings/sessions").context["entries"]

    assert len(entries) == 1


def test_it_costs_no_statement(stage):
    counted = []
    for minutes in (None, 60):
        limit("open", timeout=minutes, remember=minutes)
        browser = people.sign_in(stage.max, stage.apps["max"])
        with sent() as queries:
            browser.get("/app/settings/profile")
        counted.append(len(statements(queries)))

    assert counted == [2, 2]


def test_somebody_in_no_organization_keeps_the_default(stage):
    browser = stage.browser("eve")

    age(stage.eve, idle=LONGEST - 1)
    assert is_in(browser)
    age(stage.eve, idle=LONGEST)

    assert not is_in(browser)


def test_a_limit_of_the_longest_time_is_the_default(stage):
    limit("open", timeout=LONGEST, remember=LONGEST)
    browser = stage.browser("max")

    age(stage.max, idle=LONGEST - 1)

    assert is_in(browser)


def test_an_organization_that_is_deleted_shortens_nothing(stage):
    una = stage.people["una"]
    organization = found("short", una)
    limit("short", timeout=60)
    browser = stage.browser("una")
    browser.post("/app/short/settings/general/delete", {"name": "short"})

    age(una, idle=300)

    assert not Organization.objects.filter(pk=organization.pk).exists()
    assert is_in(browser)
