"""Authenticator apps only: the person has one, and it proved this session (D45). Owners always have one."""

import copy
import io
from contextlib import suppress

import pytest
from django.core.management import call_command

from accounts import factors
from accounts.audit.events import said_by
from accounts.models import AuditEvent, Level, User
from accounts.two_factor.levels import backfill_levels
from organizations.members import memberships
from organizations.models import AuthPolicy, Membership, Organization, OrganizationCounts, TwoFactorPeriod
from organizations.policy import mirror, two_factor
from organizations.policy.exceptions import NewOwnerNotEnrolled, OwnersNotEnrolled
from tests.accounts.factors.sms.conftest import enrol_phone
from tests.accounts.sessions.methods import SECOND_FACTORS, log_in, log_in_remembered
from tests.api.clients import ApiClient, api_client
from tests.api.token_paths import data_of, team_path
from tests.support.crawler import undone
from tests.support.invariants import broken
from tests.support.organizations import SERVER, enrolled, found, membership_of
from tests.support.pages import secret_on
from tests.support.people import TWO_FACTOR, Authenticator, key_on, make_user
from tests.support.two_factor import SUDO, act, let_sudo_expire

HOME = "/app/acme"
TOKEN_OF_ACME = "/organizations/acme/authentication-token"


@pytest.fixture(scope="module")
def everybody(django_db_setup, django_db_blocker):
    """Olga owns acme, which accepts applications only; ada, a member, has one, a phone and codes."""
    with django_db_blocker.unblock(), undone():
        olga, ada, mia = (make_user(name) for name in ("olga", "ada", "mia"))
        apps = {user.username: enrolled(user) for user in (olga, ada)}
        for user, number in ((olga, "+12025550143"), (ada, "+12125550143")):
            state = factors.get("sms").begin_enrolment(user, phone_number=number)
            assert factors.get("sms").confirm(user, state)
        acme = found("acme", olga, members=[ada, mia])
        app_only(acme)
        yield olga, ada, mia, apps


@pytest.fixture
def people(everybody, db):
    return copy.deepcopy(everybody)


def app_only(organization):
    policy = AuthPolicy.TWO_FACTOR_MANDATORY
    two_factor.set_auth_policy(organization, policy, accepted=Level.APP, actor=SERVER)


def acme():
    return Organization.objects.get(name="acme")


def counts():
    row = OrganizationCounts.objects.get(organization__name="acme")
    return row.members, row.members_without_two_factor, row.members_with_texts_only


def levels(user):
    """The levels of a member's periods, and whether each has ended."""
    rows = TwoFactorPeriod.objects.filter(user_id=user.pk).order_by("pk")
    return [(row.level, row.ended_at is not None) for row in rows]


# --- The gate ---


@pytest.mark.parametrize("slug", SECOND_FACTORS)
def test_d45_a_session_must_be_proved_by_what_counts(people, slug):
    _olga, ada, _mia, apps = people
    client = log_in(ada, apps["ada"], slug)

    page = client.get(HOME)

    if slug == "sms":
        assert page["Location"] == f"{SUDO}?next=%2Fapp%2Facme&level=2"
    else:
        assert page.status_code == 200


@pytest.mark.parametrize("slug", SECOND_FACTORS)
def test_d45_so_must_the_sign_in_behind_a_remembered_browser(people, slug):
    _olga, ada, _mia, apps = people
    client = log_in_remembered(ada, apps["ada"], slug)

    assert client.get(HOME).status_code == (302 if slug == "sms" else 200)


@pytest.mark.parametrize("slug", SECOND_FACTORS)
def test_d45_and_the_session_behind_a_token(people, slug):
    _olga, ada, _mia, apps = people
    client = log_in(ada, apps["ada"], slug)
    page = client.post("/app/settings/tokens/create", {"description": "ci", "expires": "30"})

    answer = ApiClient(secret_on(page)).get("/organizations/acme")

    assert answer.status_code == (403 if slug == "sms" else 200)
    if slug == "sms":
        assert (
            "accept text messages, and this token was created after signing in with one"
            in answer.content.decode()
        )


def test_d45_and_the_session_behind_a_token_of_the_team_that_is_to_do_more(people):
    """As of one that was made without two-factor: it reads, and changes neither owners nor tokens."""
    olga, _ada, _mia, apps = people
    mandatory = AuthPolicy.TWO_FACTOR_MANDATORY
    two_factor.set_auth_policy(acme(), mandatory, accepted=Level.TEXTS, actor=SERVER)
    client = log_in(olga, apps["olga"], "sms")
    page = client.post("/app/settings/tokens/create", {"description": "ci", "expires": "30"})
    made = ApiClient(secret_on(page)).post(team_path("acme"))
    team = ApiClient(data_of(made)["attributes"]["token"])
    assert team.post(TOKEN_OF_ACME).status_code == 201

    app_only(acme())

    refused = team.post(TOKEN_OF_ACME)
    assert refused.status_code == 403
    assert "/app/acme/settings/authentication-tokens" in refused.content.decode()
    assert team.get("/organizations/acme").status_code == 200


def test_an_event_says_methods_where_only_methods_change(people):
    def said():
        event = AuditEvent.objects.order_by("-pk").first()
        return said_by(event)

    two_factor.set_auth_policy(acme(), AuthPolicy.TWO_FACTOR_MANDATORY, accepted=Level.TEXTS, actor=SERVER)
    assert said().sentence == "Changed which two-factor methods an organization accepts"
    assert said().details == ("with text messages",)
    two_factor.set_auth_policy(acme(), AuthPolicy.PASSWORD, actor=SERVER)
    assert said().sentence == "Stopped requiring two-factor authentication in an organization"
    lifted_at = acme().auth_policy_changed_at
    two_factor.set_auth_policy(acme(), AuthPolicy.PASSWORD, accepted=Level.APP, actor=SERVER)
    assert said().details == ("without text messages",)
    assert acme().auth_policy_changed_at == lifted_at


def test_the_proof_that_is_missing_is_asked_for_without_texts_and_then_one_is_in(people):
    _olga, ada, _mia, apps = people
    client = log_in(ada, apps["ada"], "sms")
    asked = client.get(HOME)["Location"]

    page = client.get(asked).content.decode()
    assert "Text messages aren&#x27;t accepted here." in page or "Text messages aren't accepted here." in page
    assert "Text me a code" not in page
    assert "Use a recovery code" in page
    wrong = {"next": HOME, "level": "2", "factor": "sms", "code": apps["ada"].fresh_code()}
    done = client.post(SUDO, wrong)  # the page asks for the application, whatever is named

    assert done["Location"] == HOME
    assert client.get(HOME).status_code == 200


@pytest.mark.parametrize("level", ["3", "-1", "x", "", "2" * 5000, "²"])
def test_a_made_up_level_in_the_address_asks_for_all_methods(people, level):
    _olga, ada, _mia, apps = people
    client = log_in(ada, apps["ada"], "app")
    let_sudo_expire(ada)

    page = client.get(SUDO, {"next": HOME, "level": level})

    assert page.status_code == 200
    assert "Text me a code" in page.content.decode()


def test_a_level_that_the_person_does_not_have_asks_for_what_there_is(people):
    client = enrol_phone(people[2], number="(213) 555-0143")
    let_sudo_expire(people[2])

    assert client.get(SUDO, {"next": HOME, "level": "2"}).status_code == 200


def test_somebody_with_texts_only_is_told_so_and_is_in_after_adding_an_application(people):
    mia = people[2]
    client = enrol_phone(mia, number="(213) 555-0143")

    locked = client.get(HOME, follow=True)
    assert locked.request["PATH_INFO"] == f"{HOME}/locked-out"
    start = client.post(f"{TWO_FACTOR}/enable", {"method": "app"})
    key = key_on(client.get(start["Location"]))
    client.post(f"{TWO_FACTOR}/confirm", {"code": totp_of(mia, key).code()})

    assert client.get(HOME).status_code == 200
    assert broken() == []


def totp_of(user, key):

    return Authenticator(user, key)


def test_the_api_says_which_method_is_missing(people):
    mia = people[2]
    enrol_phone(mia, number="(213) 555-0143")
    answer = api_client(User.objects.get(pk=mia.pk)).get("/organizations/acme")

    assert answer.status_code == 403
    assert "requires an authenticator app, and doesn" in answer.content.decode()


# --- Owners ---


def test_an_owner_can_not_remove_the_application_but_the_phone(people):
    olga, _ada, _mia, apps = people
    client = log_in(olga, apps["olga"], "app")

    refused = client.post(f"{TWO_FACTOR}/app/remove", follow=True).content.decode()
    assert "an organization that doesn" in refused
    assert User.objects.get(pk=olga.pk).level == Level.APP
    assert client.post(f"{TWO_FACTOR}/sms/remove", follow=True).status_code == 200
    assert [factor.slug for factor in factors.of_user(olga)] == ["app"]
    assert broken() == []


def test_an_owner_with_texts_only_prevents_it_and_nobody_with_texts_only_becomes_one(people):
    mia = people[2]
    enrol_phone(mia, number="(213) 555-0143")

    with pytest.raises(NewOwnerNotEnrolled, match="authenticator app"):
        memberships.make_owner(acme(), membership_of(mia, "acme").pk, actor=SERVER)

    other = found("other", User.objects.get(pk=mia.pk))
    with pytest.raises(OwnersNotEnrolled, match="mia"):
        app_only(other)
    two_factor.set_auth_policy(other, AuthPolicy.TWO_FACTOR_MANDATORY, actor=SERVER)
    assert Organization.objects.get(name="other").required_level == Level.TEXTS


# --- The mirror, the counts and the periods ---


def test_each_change_of_the_methods_is_mirrored_counted_and_kept_as_a_period(people):
    mia = people[2]
    assert (counts(), levels(mia)) == ((3, 1, 0), [(0, False)])

    client = enrol_phone(mia, number="(213) 555-0143")
    assert (counts(), levels(mia)) == ((3, 0, 1), [(0, True), (1, False)])

    app = enrol_app(client, mia)
    assert (counts(), levels(mia)) == ((3, 0, 0), [(0, True), (1, True), (2, False)])

    assert act(client, "app/remove").status_code == 302
    assert (counts(), levels(mia)[-1]) == ((3, 0, 1), (1, False))

    let_sudo_expire(mia)
    memberships.remove(acme(), membership_of(mia, "acme").pk, actor=SERVER)
    assert (counts(), levels(mia)[-1]) == ((2, 0, 0), (1, True))
    assert app is not None
    assert broken() == []


def enrol_app(client, user):
    start = client.post(f"{TWO_FACTOR}/enable", {"method": "app"})
    app = totp_of(user, key_on(client.get(start["Location"])))
    assert client.post(f"{TWO_FACTOR}/confirm", {"code": app.code()}).status_code == 302
    return app


def test_a_replaced_application_changes_no_period(people):
    _olga, ada, _mia, apps = people
    client = log_in(ada, apps["ada"], "app")
    before = levels(ada)

    start = client.post(f"{TWO_FACTOR}/app/replace")
    app = totp_of(ada, key_on(client.get(start["Location"])))
    assert client.post(f"{TWO_FACTOR}/confirm", {"code": app.code()}).status_code == 302

    assert levels(ada) == before
    assert broken() == []


def test_an_app_that_a_former_release_has_removed_lets_nobody_in_after_doctor(people):
    """It deletes the device, and knows of no level that it could lower."""
    _olga, ada, _mia, _apps = people
    factors.get("app").device_model.objects.filter(user=ada).delete()
    assert levels(ada) == [(2, False)]

    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("doctor", stdout=out)
    assert f"{ada}: the stored two-factor level is" in out.getvalue()
    with suppress(SystemExit):
        call_command("doctor", "--reconcile", stdout=out)

    assert User.objects.get(pk=ada.pk).level == Level.TEXTS
    assert levels(ada) == [(2, True), (1, False)]
    assert broken() == []


def test_doctor_names_an_owner_below_what_is_required(people):
    olga, _ada, _mia, _apps = people
    factors.get("app").device_model.objects.filter(user=olga).delete()

    out = io.StringIO()
    with suppress(SystemExit):
        call_command("doctor", "--reconcile", stdout=out)

    assert "acme: its owner olga has text messages only" in out.getvalue()


def test_what_a_former_release_has_set_up_is_looked_at_later(people):
    """It writes the flag, and neither a level nor a period."""
    _olga, ada, _mia, _apps = people
    User.objects.filter(pk=ada.pk).update(two_factor_level=None)
    Membership.objects.filter(user=ada).update(two_factor_level=None)
    TwoFactorPeriod.objects.filter(user_id=ada.pk).delete()
    assert User.objects.get(pk=ada.pk).level == Level.TEXTS  # not known to be more

    assert backfill_levels() == 1
    assert mirror.backfill_copies() == 0  # mirrored with it
    assert User.objects.get(pk=ada.pk).level == Level.APP
    assert levels(ada) == [(2, False)]
    OrganizationCounts.objects.filter(organization__name="acme").update(members_with_texts_only=0)
    assert broken() == []
