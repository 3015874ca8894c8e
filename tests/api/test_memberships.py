"""One's own memberships over the API, one by its id, and going."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent, User
from accounts.models.public_ids import public_id
from organizations.members import memberships
from organizations.models import Membership, Organization
from tests.api.clients import API
from tests.api.members import MINE, OPEN, invitation, invite, path_of
from tests.api.programs import (
    Kind,
    attributes,
    detail,
    ids,
    organization_program,
    ou,
    program,
    refusals,
    team,
)
from tests.support.organizations import counts_of, found, membership_of

# --- One's own ---


def test_lists_ones_own_also_closed_ones_and_invitations(stage):
    found("zoo", stage.eve)
    invite(stage, "mia@example.com", "zoo")

    response = program(stage, "mia").get(f"{MINE}?include=user,teams")

    answer = response.json()
    shown = {
        one["relationships"]["organization"]["data"]["id"]: (
            one["attributes"]["status"],
            one["attributes"]["email"],
            one["attributes"]["is-org-two-factor-required"],
        )
        for one in answer["data"]
    }
    assert shown == {
        "fort": ("active", "mia@example.com", True),
        "open": ("active", "mia@example.com", False),
        "zoo": ("invited", "mia@example.com", False),
    }
    assert [one["attributes"]["username"] for one in answer["included"]] == ["mia", None]
    assert [one["attributes"]["two-factor"]["enabled"] for one in answer["included"]] == [False, False]
    for name in ("olga", "max", "eve"):
        assert name not in response.content.decode()


def test_ones_own_teams_are_included(stage):
    answer = program(stage, "olga").get(f"{MINE}?include=teams").json()

    assert [(one["id"], one["attributes"]["users-count"]) for one in answer["included"]] == [
        (team("fort"), 2),
        (team("open"), 2),
    ]


def test_r43_the_team_of_an_organization_that_locks_this_token_out_is_not_included(stage):
    answer = program(stage, "olga", verified=False).get(f"{MINE}?include=teams").json()

    assert [one["id"] for one in answer["included"]] == [team("open")]


def test_answered_and_expired_invitations_are_not_listed(stage):
    invite(stage, "max@example.com", "open")  # where max is already
    found("zoo", stage.eve)
    gone = invite(stage, "max", "zoo")
    Membership.objects.filter(pk=gone.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    client = program(stage, "max")

    assert ids(client.get(MINE)) == [ou(stage.max, "fort"), ou(stage.max, "open")]
    assert client.get(f"{MINE}/{public_id('ou', gone.pk)}").status_code == 404
    assert client.delete(f"{MINE}/{public_id('ou', gone.pk)}").status_code == 404


@pytest.mark.parametrize("kind", Kind)
def test_an_organization_token_is_in_nothing(stage, kind):
    client = organization_program(Organization.objects.get(name="open"), kind)

    assert client.get(MINE).status_code == 404


# --- One by its id ---


def test_owners_see_one_whole(stage):
    response = program(stage, "olga").get(f"{path_of(stage.max)}?include=user,teams")

    answer = response.json()
    assert answer["data"]["id"] == ou(stage.max)
    assert answer["data"]["links"] == {"self": f"{API}{path_of(stage.max)}"}
    assert answer["data"]["attributes"]["email"] == "max@example.com"
    [user] = answer["included"]
    assert user["attributes"]["two-factor"]["enabled"] is True


def test_ones_own_is_open_and_others_are_not(stage):
    client = program(stage, "max")

    own = client.get(f"{path_of(stage.max)}?include=user")

    assert attributes(own)["is-org-two-factor-required"] is False
    assert own.json()["included"][0]["attributes"]["two-factor"]["enabled"] is True
    refused = client.get(path_of(stage.mia))
    assert refusals(refused) == [("403", "forbidden", None)]
    assert "mia" not in refused.content.decode()


def test_r43_locked_out_members_see_not_even_their_own(stage):
    response = program(stage, "mia").get(path_of(stage.mia, "fort"))

    assert refusals(response) == [("403", "two-factor required", None)]


@pytest.mark.parametrize("who", ["mia", "mia@example.com"])
def test_ones_own_invitation_stays_readable_and_says_what_is_required(stage, who):
    Membership.objects.filter(pk=membership_of(stage.mia, "fort").pk).delete()
    row = invite(stage, who, "fort")

    response = program(stage, "mia").get(f"{MINE}/{public_id('ou', row.pk)}?include=user")

    shown = attributes(response)
    assert (shown["status"], shown["is-org-two-factor-required"]) == ("invited", True)
    assert shown["email"] == "mia@example.com"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize(
    "pk", ["ou-1", "ou-9999999999999999", "1", "at-0000000000000001", "ou-000000000000000x"]
)
def test_there_is_nothing_under_other_ids(stage, method, pk):
    assert program(stage, "olga").send(method, f"{MINE}/{pk}").status_code == 404


# --- Going ---


def test_owners_remove_members_and_take_invitations_back(stage):
    row = invite(stage, "new@example.com")
    client = program(stage, "olga", verified=False)

    assert client.delete(path_of(stage.mia), "null").status_code == 204
    assert client.delete(f"{MINE}/{public_id('ou', row.pk)}").status_code == 204

    assert counts_of("open") == (3, 1, 0)
    events = AuditEvent.objects.filter(door="api").values_list("event", flat=True)
    assert sorted(events) == ["organization.invitation_revoked", "organization.member_removed"]


def test_d06_removing_an_owner_takes_sudo(stage):
    path = path_of(stage.una)

    assert program(stage, "olga", verified=False).delete(path).status_code == 403
    assert program(stage, "olga").delete(path).status_code == 204


def test_an_organization_token_removes_members_and_no_owner(stage):
    client = organization_program(Organization.objects.get(name="open"))

    refused = client.delete(path_of(stage.una))

    assert refusals(refused) == [("403", "forbidden", None)]
    assert client.delete(path_of(stage.mia)).status_code == 204


def test_the_token_of_the_owners_removes_owners_but_not_the_last_one(stage):
    client = organization_program(Organization.objects.get(name="open"), Kind.OWNERS)

    assert client.delete(path_of(stage.una)).status_code == 204
    assert refusals(client.delete(path_of(stage.olga))) == [("422", "last-owner", None)]


def test_members_remove_nobody_else(stage):
    assert program(stage, "max").delete(path_of(stage.mia)).status_code == 403


def test_members_leave_also_when_locked_out(stage):
    client = program(stage, "mia")

    assert client.delete(path_of(stage.mia, "fort")).status_code == 204
    assert client.delete(path_of(stage.mia)).status_code == 204
    assert ids(client.get(MINE)) == []


def test_owners_do_not_remove_themselves(stage):
    response = program(stage, "olga").delete(path_of(stage.olga))

    assert refusals(response) == [("403", "forbidden", None)]
    assert "team" in detail(response)
    assert membership_of(stage.olga, "open").is_owner


@pytest.mark.parametrize("who", ["eve", "eve@example.com"])
def test_invited_people_decline(stage, who):
    row = invite(stage, who)

    assert program(stage, "eve").delete(f"{MINE}/{public_id('ou', row.pk)}").status_code == 204
    assert not Membership.objects.filter(pk=row.pk).exists()
    assert counts_of("open") == (4, 2, 0)


def test_nobody_declines_for_an_address_that_is_not_confirmed(stage):
    row = invite(stage, "una2@example.com")
    User.objects.filter(pk=stage.eve.pk).update(email="una2@example.com", email_confirmed_at=None)
    stage.eve.refresh_from_db()

    assert program(stage, "eve").get(f"{MINE}/{public_id('ou', row.pk)}").status_code == 404
    assert program(stage, "eve").delete(f"{MINE}/{public_id('ou', row.pk)}").status_code == 404
    assert Membership.objects.filter(pk=row.pk).exists()


# --- Others (isolation) ---


def test_r45_outsiders_are_told_nothing(stage):
    row = invite(stage, "new@example.com")
    strange = found("strange", stage.eve)
    clients = [program(stage, "eve"), *(organization_program(strange, kind) for kind in Kind)]

    for client in clients:
        for pk in (ou(stage.max), public_id("ou", row.pk), "ou-9999999999999999"):
            for method in ("GET", "DELETE"):
                response = client.send(method, f"{MINE}/{pk}")
                assert response.status_code == 404
                assert response.json() == {"errors": [{"status": "404", "title": "not found"}]}
        assert client.get(OPEN).status_code == 404
        assert client.post(OPEN, invitation(email="x@example.com")).status_code == 404

    assert counts_of("open") == (4, 2, 1)
    assert mail.outbox == []


@pytest.mark.parametrize("door", ["api", "page"])
def test_whoever_becomes_an_owner_meanwhile_is_not_removed_without_sudo(stage, monkeypatch, door):
    organization, mia = Organization.objects.get(name="open"), membership_of(stage.mia, "open")
    remove = memberships.remove

    def too_late(*args, **kwargs):
        memberships.make_owner(organization, mia.pk, actor=Actor.command())
        return remove(*args, **kwargs)

    monkeypatch.setattr(memberships, "remove", too_late)
    if door == "api":
        answer = program(stage, "olga").delete(path_of(stage.mia))
    else:
        answer = stage.browser("olga").post(f"/app/open/settings/users/{mia.pk}/remove")

    assert answer.status_code == 422
    assert Membership.objects.get(pk=mia.pk).is_owner
