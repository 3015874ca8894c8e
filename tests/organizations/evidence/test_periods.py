"""Every way in which a membership begins or ends, and two-factor changes, writes its period."""

import io

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from accounts.two_factor import removal
from organizations import lifecycle
from organizations.exceptions import OrganizationGone
from organizations.members import memberships
from organizations.models import Membership, Organization, TwoFactorPeriod
from organizations.policy.mirror import backfill_copies
from tests.accounts.factors.sms.conftest import enrol_phone
from tests.support import evidence, people
from tests.support.doctor import doctor
from tests.support.invariants import periods as broken_periods
from tests.support.organizations import SERVER, found, join, membership_of

pytestmark = pytest.mark.django_db
ROOT_DESK = "/admin/accounts/user/{pk}/act/disable-two-factor/"


def of(user, name="open"):
    """[(level, whether it is over)] of somebody, the first one first."""
    rows = TwoFactorPeriod.objects.filter(organization__name=name, username=user.username).order_by("pk")
    return [(row.level, row.ended_at is not None) for row in rows]


def now_of(user):
    return User.objects.get(pk=user.pk)


def disable_on_page(stage):
    stage.browser("max").post(f"{people.TWO_FACTOR}/disable", {"password": people.PASSWORD})


def disable_by_admin(stage):
    stage.browser("root").post(ROOT_DESK.format(pk=stage.max.pk), {"reason": "lost"})


def disable_by_break_glass(stage):
    command = ("disable_two_factor", "max", "--reason", "lost", "--break-glass")
    call_command(*command, stdout=io.StringIO())


@pytest.mark.parametrize("act", [disable_on_page, disable_by_admin, disable_by_break_glass])
def test_disabling_ends_the_period_everywhere_and_begins_one_without(stage, act):
    act(stage)

    assert of(stage.max) == of(stage.max, "fort") == [(2, True), (0, False)]
    assert list(broken_periods()) == []


def test_setting_up_texts_adding_an_app_and_removing_it(stage):
    browser = stage.browser("mia")

    enrol_phone(stage.mia, browser)
    app = people.Authenticator(stage.mia, people.start_enrolment(browser))
    browser.post(f"{people.TWO_FACTOR}/confirm", {"code": app.code()})
    browser.post(f"{people.TWO_FACTOR}/app/remove")

    assert of(stage.mia) == [(0, True), (1, True), (2, True), (1, False)]
    assert list(broken_periods()) == []


def test_removing_the_weaker_method_or_replacing_the_app_is_no_change(stage):
    browser = stage.browser("max")
    enrol_phone(stage.max, browser)
    browser.post(f"{people.TWO_FACTOR}/sms/remove")
    browser.post(f"{people.TWO_FACTOR}/app/replace")
    new = people.Authenticator(stage.max, people.key_on(browser.get(f"{people.TWO_FACTOR}/confirm")))
    browser.post(f"{people.TWO_FACTOR}/confirm", {"code": new.code()})

    assert of(stage.max) == [(2, False)]


def leave(stage):
    stage.browser("max").post("/app/open/leave")


def be_removed(stage):
    row = membership_of(stage.max, "open")
    stage.browser("olga").post(f"/app/open/settings/users/{row.pk}/remove")


def delete_the_account(stage):
    stage.browser("max").post("/app/settings/profile/delete", {"password": people.PASSWORD})


@pytest.mark.parametrize("act", [leave, be_removed, delete_the_account])
def test_who_goes_ends_the_period_and_it_stays(stage, act):
    act(stage)

    assert not Membership.objects.filter(username="max", organization__name="open").exists()
    assert of(stage.max) == [(2, True)]
    assert list(broken_periods()) == []


def test_who_comes_back_begins_a_new_one(stage):
    memberships.remove(
        Organization.objects.get(name="open"), membership_of(stage.max, "open").pk, actor=SERVER
    )
    stage.browser("olga").post("/app/open/settings/users/add", {"username": "max"})
    row = membership_of(stage.max, "open")

    stage.browser("max").post(f"/app/settings/organizations/{row.pk}/accept")

    first, second = TwoFactorPeriod.objects.filter(username="max", organization__name="open").order_by("pk")
    assert first.joined_at < first.ended_at < second.joined_at == second.began_at
    assert second.ended_at is None


def test_founding_begins_one_at_the_moment_of_joining(alice):
    people.enrol(alice)

    organization = found("acme", now_of(alice))

    (row,) = TwoFactorPeriod.objects.filter(organization=organization)
    assert (row.level, row.began_at, row.ended_at) == (2, row.joined_at, None)
    assert evidence.levels_of(evidence.exported(organization, alice), "alice") == ["authenticator app"]


def test_declining_writes_none(stage):
    stage.browser("olga").post("/app/open/settings/users/add", {"username": "eve"})
    row = membership_of(stage.people["eve"], "open")
    stage.browser("eve").post(f"/app/settings/organizations/{row.pk}/decline")

    assert of(stage.people["eve"]) == []


def test_they_go_with_the_organization(stage):
    organization = Organization.objects.get(name="open")
    lifecycle.delete_organization(organization, actor=SERVER)

    assert not TwoFactorPeriod.objects.filter(organization_id=organization.pk).exists()
    assert of(stage.max, "fort") == [(2, False)]


def test_what_a_former_release_has_written_is_found_by_due_work(stage):
    """Before, it is unknown."""
    former = Membership.objects.filter(username="max", organization__name="open")
    former.update(two_factor_level=None)
    TwoFactorPeriod.objects.filter(username="max").delete()
    before = evidence.exported(Organization.objects.get(name="open"), stage.olga)

    backfill_copies()

    after = evidence.exported(Organization.objects.get(name="open"), stage.olga)
    assert evidence.levels_of(before, "max") == ["unknown"]
    assert evidence.levels_of(after, "max") == ["unknown", "authenticator app"]
    assert of(stage.max) == [(2, False)]


def removed_by_a_former_release(stage):
    """It deletes the membership, and knows of no periods."""
    membership_of(stage.max, "open").delete()
    return Organization.objects.get(name="open")


def test_a_period_that_was_left_open_keeps_nobody_from_coming_back(stage):
    organization = removed_by_a_former_release(stage)
    join(organization, stage.max)

    assert of(stage.max) == [(2, True), (2, False)]
    assert list(broken_periods()) == []
    rows = evidence.rows_of(evidence.exported(organization, stage.olga))
    former, present = [row for row in rows if row["username"] == "max"]
    assert (former["status"], former["left_at"], former["period_ended_at"]) == ("left", "", "")
    assert (present["status"], present["period_ended_at"]) == ("active", "")
    assert former["joined_at"] < present["joined_at"]


def test_ev_11_somebody_whom_a_former_release_has_removed_has_left_nobody_knows_when(stage):
    organization = removed_by_a_former_release(stage)

    (row,) = [
        row
        for row in evidence.rows_of(evidence.exported(organization, stage.olga))
        if row["username"] == "max"
    ]

    assert (row["status"], row["left_at"], row["level"], row["two_factor_since"]) == ("left", "", "", "")


# ---------------------------------------------------------------- doctor


def test_doctor_ends_what_a_former_release_has_left_open(stage):
    removed_by_a_former_release(stage)

    code, said = doctor()
    mended = doctor("--reconcile")[1]

    assert code == 1
    assert "open: the period of max is still open, but max isn't a member" in said
    assert "corrected: periods of two-factor: 1" in mended
    assert of(stage.max) == [(2, True)]
    assert "ok: periods of two-factor" in doctor()[1]


def test_doctor_begins_what_is_missing_and_what_has_another_level(stage):
    TwoFactorPeriod.objects.filter(username="max", organization__name="open").delete()
    TwoFactorPeriod.objects.filter(username="mia", organization__name="open").update(level=2)

    code, said = doctor()
    doctor("--reconcile")

    assert code == 1
    assert "open: no period says that max has level 2 now" in said
    assert "open: no period says that mia has level 0 now" in said
    assert of(stage.max) == [(2, False)]
    assert of(stage.mia) == [(2, True), (0, False)]
    assert "ok: periods of two-factor" in doctor()[1]


def test_doctor_leaves_what_is_unknown_to_due_work(stage):
    Membership.objects.filter(username="max").update(two_factor_level=None)
    TwoFactorPeriod.objects.filter(username="max").delete()

    assert "ok: periods of two-factor" in doctor()[1]


def test_doctor_deletes_what_a_former_release_has_left_of_an_organization(stage):
    TwoFactorPeriod.objects.create(
        organization_id=10**9,
        user_id=1,
        username="x",
        level=0,
        began_at=timezone.now(),
        ended_at=timezone.now(),
    )

    code, said = doctor()
    doctor("--reconcile")

    assert code == 1
    assert "periods are of organizations that are gone: 1 row" in said
    assert not TwoFactorPeriod.objects.filter(organization_id=10**9).exists()


def test_doctor_notes_what_a_clock_has_turned_round(stage):
    TwoFactorPeriod.objects.filter(username="max").update(
        began_at=timezone.now(), ended_at=timezone.now() - people.timedelta(days=1)
    )
    doctor("--reconcile")

    _code, said = doctor()

    assert "WRONG: periods of two-factor" not in said
    assert "periods end before they begin, because a clock was wrong: 2 rows" in said


# ---------------------------------------------------------------- while an export is read


def test_ev_11_an_export_shows_one_moment_whatever_happens_while_it_is_read(stage):
    organization = Organization.objects.get(name="open")
    export = evidence.begun(organization, stage.olga)

    removal.disable(stage.max, actor=SERVER, reason="lost")
    memberships.remove(organization, membership_of(stage.mia, "open").pk, actor=SERVER)
    join(organization, stage.people["eve"])
    data = b"".join(export.blocks())

    assert evidence.levels_of(data, "max") == ["authenticator app"]
    assert evidence.levels_of(data, "eve") == []
    (left,) = [row for row in evidence.rows_of(data) if row["username"] == "mia"]
    assert (left["status"], left["left_at"], left["level"]) == ("active", "", "none")
    assert (left["role"], left["email"], left["period_ended_at"]) == ("", "", "")


@pytest.mark.parametrize("form", ["csv", "json"])
def test_ev_12_an_organization_that_is_deleted_meanwhile_has_no_signed_file(stage, form):
    """Its rows went, and the rest would be signed as if it was all."""
    organization = Organization.objects.get(name="open")
    blocks = evidence.begun(organization, stage.olga, form).blocks()
    lifecycle.delete_organization(organization, actor=SERVER)

    assert b"signature" not in next(blocks)
    with pytest.raises(OrganizationGone):
        next(blocks)
    assert evidence.events(evidence.EXPORTED) == []
